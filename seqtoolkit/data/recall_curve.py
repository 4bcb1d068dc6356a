"""Accuracy of recall by lag, with its intervals, chance level and horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.retention.statistics import recall_horizon, wilson

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel


class RecallCurve(SequenceMetric):
    """Counts hits and trials at each lag of a grid.

    The trials must be independent: one recall in a sequence. `settings` are stored in the record; they have
    `max_lag`, the longest lag in training.
    """

    hits: Tensor
    trials: Tensor

    def __init__(self, lags: list[int], chance: float, settings: dict[str, Any]) -> None:
        super().__init__()
        self.lags = lags  # ascending
        self.chance = chance
        self.settings = settings
        self.count("hits", "trials", size=(len(lags),))

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Count the right answers at each lag."""
        assert batch.lag is not None
        where = torch.searchsorted(torch.tensor(self.lags, device=scores.device), batch.lag[batch.mask])
        right = scores.argmax(-1) == batch.targets[batch.mask]
        self.hits += torch.bincount(where[right], minlength=len(self.lags))
        self.trials += torch.bincount(where, minlength=len(self.lags))

    def compute(self) -> dict[str, Tensor]:
        """Return `recall_accuracy` (mean over the lags of training), `horizon`, and the counts by lag."""
        trained = (torch.tensor(self.lags) <= self.settings["max_lag"]).to(self.trials.device) & (
            self.trials > 0
        )
        horizon = self._horizon(self.hits.tolist(), self.trials.tolist())
        return {
            "recall_accuracy": (self.hits[trained] / self.trials[trained]).mean(),
            "horizon": torch.tensor(float(horizon.estimate), device=self.trials.device),
            "hits": self.hits,
            "trials": self.trials,
        }

    def records(self, values: dict[str, Tensor]) -> list[Record]:
        """Return the curve over the lags that were measured."""
        hits, trials = values["hits"].tolist(), values["trials"].tolist()
        measured = [(hit, n) for hit, n in zip(hits, trials, strict=True) if n]
        intervals = [wilson(hit, n) for hit, n in measured]
        return [
            Record(
                protocol="recall",
                unit="accuracy",
                lags=[lag for lag, n in zip(self.lags, trials, strict=True) if n],
                estimate=[hit / n for hit, n in measured],
                lower=[low for low, _ in intervals],
                upper=[high for _, high in intervals],
                null=[self.chance] * len(measured),
                n=[n for _, n in measured],
                horizon=self._horizon(hits, trials),
                settings=self.settings,
            )
        ]

    def _horizon(self, hits: list[int], trials: list[int]) -> Horizon:
        """Find the horizon on the whole grid: it ends before a lag that was not measured."""
        return recall_horizon(self.lags, hits, trials, self.chance)

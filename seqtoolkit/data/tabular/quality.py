"""Errors of forecasts and regressions, summed by units that an interval resamples, beside those of baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.tabular.baselines import Baseline
from seqtoolkit.data.tabular.error_records import error_records
from seqtoolkit.data.tabular.examples import SeriesExamples
from seqtoolkit.data.tabular.units import Units, answered
from seqtoolkit.quality import Quality

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

CHANNELS = 16  # up to which each has measures of its own


@dataclass(frozen=True, eq=False)
class Outputs:
    """What is asked: K values, H steps each, and the Q levels of their quantiles (of a point forecast none)."""

    names: list[str]  # (K,)
    scale: Tensor  # (K,) of the user's units
    horizon: int  # H, at least 1
    levels: list[float]
    loss: str  # mse or mae, of a point forecast

    @property
    def measures(self) -> tuple[str, ...]:
        """What is summed for the model and each baseline; the first is what is trained for."""
        if self.levels:
            return ("pinball", "mae", "mse")
        return ("mae", "mse") if self.loss == "mae" else ("mse", "mae")

    @property
    def apart(self) -> int:
        """How many of the values have sums of their own: all, or, of many, none."""
        return len(self.names) if len(self.names) <= CHANNELS else 1


class SeriesQuality(SequenceMetric):
    """Squared, absolute and pinball errors of a split, and how often the outer quantiles hold the truth.

    Of one value in the user's units; of several in training standard deviations, and each in its own units besides.
    """

    sums: Tensor  # (U, C, S) of each unit and value: known targets, covered ones, errors of the model and baselines
    steps: Tensor  # (H, S) of each step of the horizon

    def __init__(
        self,
        examples: SeriesExamples,
        units: Units,
        outputs: Outputs,
        baselines: Sequence[tuple[Baseline, Tensor]],
    ) -> None:
        """Take each baseline with the quantiles of its training errors (K, H, Q)."""
        super().__init__()
        self.examples, self.units, self.outputs, self.baselines = examples, units, outputs, list(baselines)
        width = 2 + len(outputs.measures) * (1 + len(baselines))
        self.count("sums", size=(units.count, outputs.apart, width), dtype=torch.float64)
        self.count("steps", size=(outputs.horizon, width), dtype=torch.float64)

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Add one batch."""
        index, step = (part.cpu() for part in answered(batch))
        shape = (len(self.outputs.names), self.outputs.horizon)
        targets = batch.targets[batch.mask].cpu().view(-1, *shape)  # (N, K, H)
        answers = ordered(scores.float().cpu().view(-1, *shape, max(1, len(self.outputs.levels))))
        at, low = self.examples.starts[index] + step, self.examples.lows[index]
        parts = [(~targets.isnan()).float(), self._covered(answers, targets), *self._errors(answers, targets)]
        for baseline, spread in self.baselines:
            forecast = baseline(self.examples.rows, at, low)
            parts += self._errors(_with_spread(forecast, spread, self.outputs.levels), targets)
        found = torch.stack(parts, -1).nan_to_num(0.0).double()  # (N, K, H, S)
        by_value = found.sum(2) if self.outputs.apart > 1 else found.sum((1, 2))[:, None]
        unit = self.units.of(self.examples, index, step)
        self.sums.index_add_(0, unit.to(self.sums.device), by_value.to(self.sums.device))
        self.steps += found.sum((0, 1)).to(self.steps.device)

    def compute(self) -> dict[str, Tensor]:
        """Return each error, those of the baselines, the skill against the best of them; for `records` the sums."""
        total = self.sums.sum((0, 1))
        means = total / total[0]
        names, width = self.outputs.measures, len(self.outputs.measures)
        unit = self._unit
        values = {name: means[2 + n] * unit[name] for n, name in enumerate(names)}
        if self.outputs.levels:
            values["coverage"] = means[1]
        for number, (baseline, _) in enumerate(self.baselines, 1):
            values[f"{_key(baseline)}_{names[0]}"] = means[2 + number * width] * unit[names[0]]
        base = [means[2 + number * width] for number in range(1, len(self.baselines) + 1)]
        if base:
            values["skill"] = 1 - means[2] / torch.stack(base).min()
        return values | {"sums": self.sums.clone(), "steps": self.steps.clone()}

    def records(self, values: dict[str, Tensor]) -> list[Quality]:
        """Return each measure with its interval, beside each baseline."""
        names = [baseline.name for baseline, _ in self.baselines]
        sums, steps = values["sums"].cpu().numpy(), values["steps"].cpu().numpy()
        return error_records(sums, steps, self.outputs, names, self.units.description)

    @property
    def _unit(self) -> dict[str, float]:
        scale = float(self.outputs.scale[0]) if len(self.outputs.names) == 1 else 1.0
        return {name: scale**2 if name == "mse" else scale for name in self.outputs.measures}

    def _errors(self, answers: Tensor, targets: Tensor) -> list[Tensor]:
        """Return (N, K, H) for each measure, of answers (N, K, H, Q)."""
        levels = self.outputs.levels
        middle = min(range(len(levels)), key=lambda place: abs(levels[place] - 0.5)) if levels else 0
        error = answers[..., middle] - targets
        found = {"mse": error.square(), "mae": error.abs()}
        if levels:
            above = targets[..., None] - answers
            wanted = answers.new_tensor(levels)
            found["pinball"] = torch.maximum(wanted * above, (wanted - 1) * above).mean(-1)
        return [found[name] for name in self.outputs.measures]

    def _covered(self, answers: Tensor, targets: Tensor) -> Tensor:
        return ((answers[..., 0] <= targets) & (targets <= answers[..., -1])).float()


def ordered(answers: Tensor) -> Tensor:
    """Sort the quantiles (..., Q) of each value: they may cross, and are never worse in order (Chernozhukov 2010)."""
    return answers.sort(-1).values


def _with_spread(forecast: Tensor, spread: Tensor, levels: Sequence[float]) -> Tensor:
    """Return the quantiles (N, K, H, Q) of a baseline: its forecast and the quantiles of its training errors."""
    return forecast[..., None] + spread if levels else forecast[..., None]


def _key(baseline: Baseline) -> str:
    return baseline.name.partition(" (")[0].replace(" ", "_")

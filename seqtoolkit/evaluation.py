"""What is measured on one split: the loss over all its targets, and the metrics of its task."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric

from seqtoolkit.batch import Batch
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.record import Record


def score(model: SequenceModel, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the scores (N, V) and the cross entropies (N,) in float32 of the N supervised positions, row by row."""
    scores: Tensor = model(batch.inputs, mask=batch.mask)[0]
    targets = batch.targets[batch.mask]
    return scores, nn.functional.cross_entropy(scores.float(), targets, reduction="none")


class Evaluation(nn.Module):
    """The metrics of one split, summed over batches and processes."""

    def __init__(self, metrics: dict[str, SequenceMetric]) -> None:
        super().__init__()
        self.loss = MeanMetric(nan_strategy="disable")  # a NaN loss must be seen
        self.metrics = nn.ModuleDict(metrics)
        self.records: list[Record] = []  # retention curves of the last conclusion

    @torch.no_grad()
    def update(self, model: SequenceModel, batch: Batch) -> None:
        """Add one batch."""
        scores, losses = score(model, batch)
        self.loss.update(losses)
        for metric in self._each():
            metric.update(model, batch, scores)

    def conclude(self) -> dict[str, Tensor]:
        """Return the mean loss and every scalar metric; keep the curves in `records`; begin anew."""
        values = {"loss": self.loss.compute()}
        self.records = []
        for metric in self._each():
            measured = metric.compute()
            self.records += metric.records(measured)
            values |= {name: value for name, value in measured.items() if value.ndim == 0}
            metric.reset()
        self.loss.reset()
        return values

    def _each(self) -> list[SequenceMetric]:
        return cast(list[SequenceMetric], list(self.metrics.values()))

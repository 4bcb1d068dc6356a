"""What is measured on one split: the loss over all its targets, and the metrics of its task."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric

from seqtoolkit.batch import Batch
from seqtoolkit.data.metric import SequenceMetric, StoredRecord
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.model import SequenceModel


def score(
    model: SequenceModel | EncoderDecoder, batch: Batch, label_smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Return the scores (N, V) and the cross entropies (N,) in float32 of the N supervised positions, row by row."""
    scores: Tensor = model(batch.inputs, mask=batch.mask)[0]
    targets = batch.targets[batch.mask]
    losses = nn.functional.cross_entropy(
        scores.float(), targets, reduction="none", label_smoothing=label_smoothing
    )
    return scores, losses


class Evaluation(nn.Module):
    """The metrics of one split, summed over batches and processes."""

    def __init__(self, metrics: dict[str, SequenceMetric]) -> None:
        super().__init__()
        self.loss = MeanMetric(nan_strategy="disable")  # a NaN loss must be seen
        self.metrics = nn.ModuleDict(metrics)
        self._concluded: list[tuple[SequenceMetric, dict[str, Tensor]]] = []

    @torch.no_grad()
    def update(self, model: SequenceModel | EncoderDecoder, batch: Batch) -> None:
        """Add one batch."""
        scores, losses = score(model, batch)
        self.loss.update(losses)
        for metric in self._each():
            metric.update(model, batch, scores)

    def conclude(self) -> dict[str, Tensor]:
        """Return the mean loss and every scalar metric; keep what `records` are made of; begin anew."""
        values = {"loss": self.loss.compute()}
        self._concluded = []
        for metric in self._each():
            measured = metric.compute()
            self._concluded.append((metric, measured))
            values |= {name: value for name, value in measured.items() if value.ndim == 0}
            metric.reset()
        self.loss.reset()
        return values

    @property
    def records(self) -> list[StoredRecord]:
        """The curves of the last conclusion, made when they are asked for: intervals take time, training needs none."""
        return [record for metric, measured in self._concluded for record in metric.records(measured)]

    def _each(self) -> list[SequenceMetric]:
        return cast(list[SequenceMetric], list(self.metrics.values()))

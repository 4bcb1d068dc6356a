"""What is measured on one split: the loss over all its targets, and the metrics of its task."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric

from seqtoolkit.batch import Batch
from seqtoolkit.carried import Carried
from seqtoolkit.data.metric import SequenceMetric, StoredRecord
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.losses import Loss
from seqtoolkit.mixer import State
from seqtoolkit.model import SequenceModel


class Scored(NamedTuple):
    """What a model makes of the N supervised positions of a batch, row by row."""

    scores: Tensor  # (N, V)
    losses: Tensor  # (N,) in float32
    state: State  # in which the model ended


def score(
    model: SequenceModel | EncoderDecoder,
    batch: Batch,
    loss: Loss,
    smoothing: float = 0.0,
    state: State | None = None,
) -> Scored:
    """Run a batch, beginning in `state`, and compare what comes out with its targets."""
    scores, state = model(batch.inputs, state, mask=batch.mask)
    return Scored(scores, loss(scores, batch.targets[batch.mask], smoothing), state)


class Evaluation(nn.Module):
    """The metrics of one split, summed over batches and processes."""

    def __init__(self, metrics: dict[str, SequenceMetric], loss: Loss) -> None:
        super().__init__()
        self.criterion = loss
        self.carried = Carried()
        self.loss = MeanMetric(nan_strategy="disable")  # a NaN loss must be seen
        self.metrics = nn.ModuleDict(metrics)
        self._concluded: list[tuple[SequenceMetric, dict[str, Tensor]]] = []

    @torch.no_grad()
    def update(self, model: SequenceModel | EncoderDecoder, batch: Batch) -> None:
        """Add one batch."""
        scored = score(model, batch, self.criterion, state=self.carried.before(batch))
        self.carried.after(model, batch, scored.state)
        self.loss.update(scored.losses)
        for metric in self._each():
            metric.update(model, batch, scored.scores)

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

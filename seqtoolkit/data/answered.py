"""What a model answered to each example of a split, by `Batch.index`, whatever the batches and the processes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.losses import Loss
from seqtoolkit.quality import Example

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

WORST = 8  # examples that are kept
Show = Callable[[int], dict[str, Any]]  # how an example looks, as fields of `Example`, by its index


class Answered(SequenceMetric):
    """Keeps scores and loss of N examples that are each supervised at one step.

    Every state is a sum in which each example stands in the process that had it.

    Args:
        examples: N.
        width: V, of the scores.
        loss: of the task.
    """

    scores: Tensor  # (N, V) in float64
    losses: Tensor  # (N,)
    times: (
        Tensor  # (N,) how often the example was answered: 1, or 0 when only a part of the split is measured
    )

    def __init__(self, examples: int, width: int, loss: Loss) -> None:
        super().__init__()
        self.loss = loss
        self.count("scores", size=(examples, width), dtype=torch.float64)
        self.count("losses", size=(examples,), dtype=torch.float64)
        self.count("times", size=(examples,))

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Keep what one batch was answered."""
        assert batch.index is not None
        index = batch.index.to(self.times.device)
        losses = self.loss(scores, batch.targets[batch.mask])
        self.scores.index_add_(0, index, scores.double())
        self.losses.index_add_(0, index, losses.double())
        self.times.index_add_(0, index, torch.ones_like(index))

    def answered(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the examples that were answered (M,), their scores (M, V) and losses (M,)."""
        seen = self.times.nonzero().squeeze(-1)
        times = self.times[seen]
        return seen, self.scores[seen] / times[:, None], self.losses[seen] / times


def worst(each: Iterable[tuple[int, float, str, str]], show: Show) -> list[Example]:
    """Return the examples of the largest loss, worst first, from the index, loss, truth and answer of each."""
    first = heapq.nsmallest(WORST, each, key=lambda one: (-one[1], one[0]))
    return [
        Example(index=index, loss=loss, chosen="worst", truth=truth, answer=answer, **show(index))
        for index, loss, truth, answer in first
    ]

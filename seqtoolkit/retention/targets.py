"""The supervised targets of sequences, each with the inputs that stand before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtoolkit.batch import Batch


@dataclass(frozen=True)
class Asked:
    """M targets of N sequences, and the inputs up to each of them."""

    inputs: Tensor  # (N, T) tokens or (N, T, F) features, padded on the right
    row: Tensor  # (M,) the sequence of each target
    step: Tensor  # (M,) the input from which it is predicted: it has step + 1 inputs behind it
    target: Tensor  # (M,) classes

    @property
    def longest(self) -> int:
        """Return the inputs behind the target that has most."""
        return int(self.step.max()) + 1 if len(self.step) else 0

    def pick(self, which: Tensor) -> Asked:
        """Keep some of the targets."""
        return Asked(self.inputs, self.row[which], self.step[which], self.target[which])


def collect(batches: Sequence[Batch], most: int, generator: torch.Generator) -> Asked:
    """Collect the supervised targets of all sequences, at most so many of each."""
    width = max(batch.inputs.shape[1] for batch in batches)
    rows, steps, classes, inputs, before = [], [], [], [], 0
    for batch in batches:
        chance = torch.rand(batch.mask.shape, generator=generator).masked_fill(~batch.mask.cpu(), -1.0)
        best = chance.topk(min(most, chance.shape[1]), dim=1)
        row, place = (best.values >= 0).nonzero(as_tuple=True)
        step = best.indices[row, place]
        rows.append(row + before)
        steps.append(step)
        classes.append(batch.targets.cpu()[row, step])
        pad = [0, 0] * (batch.inputs.ndim - 2) + [0, width - batch.inputs.shape[1]]
        inputs.append(torch.nn.functional.pad(batch.inputs.cpu(), pad))
        before += len(batch)
    return Asked(torch.cat(inputs), torch.cat(rows), torch.cat(steps), torch.cat(classes))


def contexts(lags: Sequence[int], batches: Sequence[Batch]) -> list[int]:
    """Return the lags that are contexts of these sequences: 1 or more, and no longer than the longest history."""
    longest = max(int(batch.mask.nonzero()[:, 1].max()) + 1 for batch in batches if batch.mask.any())
    return [lag for lag in lags if 1 <= lag <= longest]

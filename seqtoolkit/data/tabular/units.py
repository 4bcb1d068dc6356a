"""What is resampled for an interval: whole groups, or where there are few, blocks of steps that lie together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.tabular.examples import SeriesExamples

GROUPS = 20  # from which on groups are resampled
LEAST, MOST = 10, 2_000  # blocks


@dataclass(frozen=True, eq=False)
class Units:
    """The unit of every answer of a split; units are counted from 0."""

    of_step: Tensor  # (P,) of all answered steps, window by window
    before: Tensor  # (N,) answered steps of the windows before each one
    count: int
    description: str

    def of(self, examples: SeriesExamples, index: Tensor, step: Tensor) -> Tensor:
        """Return the units (N,) of answers at some steps of windows `index`."""
        return self.of_step[self.before[index] + step - examples.firsts[index]]


def units_of(examples: SeriesExamples, group: np.ndarray, horizon: int, season: int | None) -> Units:
    """Divide the answered steps of a split; `group` (N,) is that of each window.

    Blocks (Carlstein 1986) are as long as the horizon, the season, or the cube root of the number of steps, whichever
    is longest, as far as that leaves LEAST of them: errors within a block may depend on each other.
    """
    own = examples.windows.length - examples.windows.first
    steps = int(own.sum())
    before = torch.from_numpy(own.cumsum() - own)
    names, number = np.unique(group, return_inverse=True)
    if len(names) >= GROUPS:
        return Units(torch.from_numpy(number.repeat(own)), before, len(names), "groups")
    length = max(horizon, season or 1, round(steps ** (1 / 3)), -(-steps // MOST))
    length = max(1, min(length, steps // LEAST))
    of_step = torch.arange(steps) // length
    return Units(of_step, before, int(of_step[-1]) + 1, f"blocks of {length} steps")


def answered(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the windows (N,) and steps (N,) of the supervised positions of a batch, row by row."""
    assert batch.index is not None
    row, step = batch.mask.nonzero(as_tuple=True)
    return batch.index[row], step

"""N windows of a series, in the place of `Examples`: a batch is one gather, and no window is stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import pad

from seqtoolkit.batch import Batch
from seqtoolkit.data.tabular.rows import Rows
from seqtoolkit.data.tabular.windows import Windows


class Targets(Protocol):
    """What is asked at each step of a window."""

    @property
    def ahead(self) -> int:
        """Steps after the last one of a window that are needed to say."""

    def __call__(self, rows: Rows, where: Tensor, values: Tensor, mine: Tensor) -> tuple[Tensor, Tensor]:
        """Return targets (B, T) or (B, T, K), and (B, T): which steps have any.

        `where` (B, T + ahead) are rows with `values` (B, T + ahead, W); `mine` marks those that the split may ask for.
        """


@dataclass(frozen=True)
class Later:
    """The next H values of K channels, channel by channel: of the first one the steps 1 to H, and so on."""

    columns: Tensor  # (K,)
    ahead: int  # H

    def __call__(self, rows: Rows, where: Tensor, values: Tensor, mine: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, T, K * H), NaN where a value is missing, of another split, or beyond the segment."""
        later = slice(1, None)
        found = rows.truths(where[:, later], values[:, later], self.columns)
        found = found.masked_fill(~mine[:, later, None], torch.nan)
        targets = found.unfold(1, self.ahead, 1).flatten(2)  # (B, T, K, H)
        any_known = ~found.isnan().all(-1)
        so_far = pad(any_known.cumsum(1), (1, 0))  # a sum for each window would look at each step H times
        return targets, so_far[:, self.ahead :] > so_far[:, : -self.ahead]


@dataclass(frozen=True)
class Same:
    """K values of the same step."""

    columns: Tensor  # (K,)
    ahead: int = 0

    def __call__(self, rows: Rows, where: Tensor, values: Tensor, mine: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, T, K), NaN where a value is missing or of another split."""
        targets = rows.truths(where, values, self.columns).masked_fill(~mine[..., None], torch.nan)
        return targets, ~targets.isnan().all(-1)


@dataclass(frozen=True)
class Label:
    """The class of the same step."""

    ahead: int = 0

    def __call__(self, rows: Rows, where: Tensor, values: Tensor, mine: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, T); a step without a class has class 0, and is not asked for."""
        labels = rows.labels[where].long()
        return labels.clamp(min=0), (labels >= 0) & mine


@dataclass(frozen=True)
class Unasked:
    """Nothing: for prediction, where every step is answered and nothing is known."""

    ahead: int = 0

    def __call__(self, rows: Rows, where: Tensor, values: Tensor, mine: Tensor) -> tuple[Tensor, Tensor]:
        """Return zeros (B, T), and all steps."""
        return torch.zeros_like(where), torch.ones_like(mine)


@dataclass(frozen=True, eq=False)
class SeriesExamples:
    """Windows of the rows, with what a split asks of them."""

    rows: Rows
    windows: Windows
    targets: Targets
    part: int  # the split's number in `Rows.split`
    asked: Tensor | None = None  # no window has a prompt

    def __len__(self) -> int:
        return len(self.windows.start)

    @cached_property
    def lengths(self) -> Tensor:
        """Steps of each window (N,)."""
        return torch.from_numpy(self.windows.length)

    @cached_property
    def starts(self) -> Tensor:
        """The row at which each window begins (N,)."""
        return torch.from_numpy(self.windows.start)

    @cached_property
    def firsts(self) -> Tensor:
        """The step from which on each window is asked (N,)."""
        return torch.from_numpy(self.windows.first)

    @cached_property
    def lows(self) -> Tensor:
        """The row at which the segment of each window begins (N,)."""
        return torch.from_numpy(self.windows.low)

    @cached_property
    def limits(self) -> Tensor:
        """The row at which the segment of each window ends (N,)."""
        return torch.from_numpy(self.windows.limit)

    def collate(self, rows: Tensor) -> Batch:
        """Gather the windows `rows` (B,), padded on the right with zeros to the longest of them."""
        lengths = self.lengths[rows]
        longest, ahead = int(lengths.max()), self.targets.ahead
        step = torch.arange(longest + ahead)
        where = self.starts[rows][:, None] + step  # (B, T + ahead)
        inside = where < self.limits[rows][:, None]
        where = where.clamp(max=len(self.rows.values) - 1)
        values = self.rows.values[where]
        mine = inside & (self.rows.split[where] == self.part)
        targets, known = self.targets(self.rows, where, values, mine)
        now = slice(0, longest)
        real = step[now] < lengths[:, None]
        inputs = self.rows.inputs(where[:, now], values[:, now])
        mask = real & known & (step[now] >= self.firsts[rows][:, None])
        fill = torch.nan if targets.is_floating_point() else 0
        shape = mask if targets.ndim == 2 else mask[..., None]
        return Batch(
            inputs=inputs.masked_fill(~real[..., None], 0),
            lengths=lengths,
            targets=targets.masked_fill(~shape, fill),
            mask=mask,
            index=rows,
        )

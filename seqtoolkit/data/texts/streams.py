"""One long sequence in batches: each row reads a part of it window by window, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.batches import place
from seqtoolkit.data.examples import Examples


class Streams:
    """An iterable of `Batch` for next-symbol prediction over N symbols, in the place of a DataLoader.

    The N - 1 steps (a symbol and the next) are divided among `rows` contiguous parts, and each part into W windows of
    at most `steps` steps, of equal lengths but for one step. A batch is the same window of every row; all but the first
    of an epoch are `carried`. `Batch.index` is row * W + window. Process r of P has the rows r, r + P, ...

    With a `seed` (training) the parts begin elsewhere in each epoch: the text is read as a ring, and fewer than `rows`
    steps are left out. Without one (evaluation) every step is there exactly once, the first rows may be one step
    shorter than the others, and there are fewer rows where they would be shorter than a window.

    Args:
        symbols: (N,) numbers of the symbols, of any integer type.
        rows: B, parts that are read at the same time.
        steps: T, of the longest window, at least 2.
        seed: of where the parts begin.
    """

    def __init__(self, symbols: Tensor, rows: int, steps: int, seed: int | None = None) -> None:
        self.symbols = symbols
        self.seed = seed
        self.total = len(symbols) - 1
        assert self.total >= 1, "the data module refuses a text of one symbol"
        assert steps >= 2, "the data module refuses windows of one step"
        self.rows = rows if seed is not None else max(1, min(rows, self.total // steps))
        longest = self.total // self.rows if seed is not None else -(-self.total // self.rows)
        windows = -(-longest // steps)
        self.cuts = [longest * number // windows for number in range(windows + 1)]
        self.epoch = 0
        self._position = 0  # windows handed out in this epoch
        self._start = 0  # where the next iteration begins: not 0 only after `load_state_dict`

    batch_sampler = None  # Lightning asks for it wherever there is a `sampler`

    @property
    def sampler(self) -> Self:
        """Lightning calls `set_epoch` on the sampler of a loader: the loader itself."""
        return self

    @property
    def windows(self) -> int:
        """W, the windows of each row."""
        return len(self.cuts) - 1

    def __len__(self) -> int:
        rank, world = place()
        if self.seed is not None and self.rows < world:
            raise ValueError(
                f"{world} processes cannot share {self.rows} rows of text;"
                f" give --data.batch_size {world} or more, or use fewer processes (--trainer.devices)"
            )
        return self.windows if rank < self.rows else 0

    def __iter__(self) -> Iterator[Batch]:
        """Yield this process's rows of each window."""
        rank, world = place()
        total, start = len(self), self._start
        self._start = 0
        rows = torch.arange(rank, self.rows, world)
        begins, ends = self._parts(rows)
        for self._position in range(start + 1, total + 1):
            yield self._window(self._position - 1, rows, begins, ends)

    def set_epoch(self, epoch: int) -> None:
        """Choose where the parts of the next iteration begin."""
        if epoch != self.epoch:
            self.epoch, self._start, self._position = epoch, 0, 0

    def state_dict(self) -> dict[str, Any]:
        """Say how far this epoch has come, for a checkpoint; it is the same on every process."""
        return {"epoch": self.epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with the window after the last one that was handed out."""
        self.epoch, self._start = int(state["epoch"]), int(state["position"])
        self._position = self._start

    def window(self, index: int) -> Tensor:
        """Return what the window of a `Batch.index` reads (T,), of an evaluation."""
        row, number = divmod(index, self.windows)
        begin, end = (int(edge) for edge in self._divided(torch.tensor(row)))
        return self.symbols[begin + self.cuts[number] : min(begin + self.cuts[number + 1], end)]

    @cached_property
    def examples(self) -> Examples:
        """The windows as sequences of their own, without what came before: for measurements that begin anew."""
        begins, ends = self._divided(torch.arange(self.rows))
        edges = torch.minimum(begins[:, None] + torch.tensor(self.cuts), ends[:, None])  # (B, W + 1)
        edges[:, -1] = ends
        real = torch.ones(self.total, dtype=torch.bool)
        return Examples(edges.diff().flatten(), self.symbols[:-1], self.symbols[1:], real)

    def _divided(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return where the parts of some rows begin and end (B,) when nothing is left out."""
        return rows * self.total // self.rows, (rows + 1) * self.total // self.rows

    def _parts(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return where the parts of some rows begin and end in this epoch (B,), in steps."""
        if self.seed is None:
            return self._divided(rows)
        size = self.cuts[-1]
        first = int(np.random.default_rng([self.seed, self.epoch]).integers(self.total))
        return first + rows * size, first + (rows + 1) * size

    def _window(self, number: int, rows: Tensor, begins: Tensor, ends: Tensor) -> Batch:
        at = begins[:, None] + torch.arange(self.cuts[number], self.cuts[number + 1])  # (B, T)
        real = at < ends[:, None]
        at = at.remainder(self.total)
        return Batch(
            inputs=self.symbols[at].long().masked_fill_(~real, 0),
            lengths=real.sum(1),
            targets=self.symbols[at + 1].long().masked_fill_(~real, 0),
            mask=real,
            index=rows * self.windows + number,
            carried=number > 0,
        )

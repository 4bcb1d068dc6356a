"""Batches of similar lengths under a token budget: shuffled, shared among processes, resumable anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Self

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from seqtoolkit.batch import Batch
from seqtoolkit.data.examples import Examples


class Batches:
    """An iterable of `Batch`, in the place of a DataLoader.

    *Global* batches, of at most `tokens` padded tokens and at most `rows` sequences, are the same for any number of
    processes; process r of W takes the rows r, r + W, ... of each. So W processes together see what one process
    sees, every example once an epoch, and every process has at least one row of every training batch. Without a
    `seed` (evaluation) nothing is shuffled, and a process skips the batches that have no row for it.
    Sequences of one length are batched by the length of their prompts, so that both parts are padded little.
    `redraw`: makes the examples of an epoch, of the same lengths, for tasks that generate fresh data.

    Raises ValueError when a sequence is longer than `tokens`.
    """

    def __init__(
        self,
        examples: Examples,
        tokens: int | None,
        seed: int | None = None,
        redraw: Callable[[int], Examples] | None = None,
        rows: int | None = None,
    ) -> None:
        self.examples = examples
        self.seed = seed
        self.redraw = redraw
        self.epoch = 0
        self._position = 0  # batches handed out in this epoch
        self._start = 0  # where the next iteration begins: not 0 only after `load_state_dict`
        self._lengths = examples.lengths.numpy()
        self._asked = None if examples.asked is None else examples.asked.numpy()
        self._cuts = _cut(-np.sort(-self._lengths), tokens, rows)

    batch_sampler = None  # Lightning asks for it wherever there is a `sampler`

    @property
    def sampler(self) -> Self:
        """Lightning calls `set_epoch` on the sampler of a loader: the loader itself."""
        return self

    @property
    def padding(self) -> float:
        """The share of padded tokens, in [0, 1), over one epoch of global batches."""
        longest_first = -np.sort(-self._lengths)
        padded = sum((stop - start) * longest_first[start] for start, stop in self._cuts)
        return float(1 - self._lengths.sum() / padded)

    def __len__(self) -> int:
        rank, world = place()
        smallest = min((stop - start for start, stop in self._cuts), default=0)
        if self.seed is not None and smallest < world:
            raise ValueError(
                f"{world} processes cannot share a batch of {smallest} sequences;"
                f" give each batch more tokens, or use at most {smallest} processes (--trainer.devices)"
            )
        return sum(stop - start > rank for start, stop in self._cuts)

    def __iter__(self) -> Iterator[Batch]:
        """Yield this process's share of the epoch; the work begins with the first batch, not with `iter`."""
        rank, world = place()
        total, start = len(self), self._start
        self._start = 0
        examples = self.redraw(self.epoch) if self.redraw else self.examples
        shares = [rows[rank::world] for rows in self._global_batches() if len(rows) > rank]
        for self._position in range(start + 1, total + 1):
            yield examples.collate(torch.from_numpy(shares[self._position - 1]))

    def set_epoch(self, epoch: int) -> None:
        """Choose the shuffling (and the fresh examples) of the next iteration."""
        if epoch != self.epoch:
            self.epoch, self._start, self._position = epoch, 0, 0

    def state_dict(self) -> dict[str, Any]:
        """Say how far this epoch has come, for a checkpoint; it is the same on every process."""
        return {"epoch": self.epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with the batch after the last one that was handed out."""
        self.epoch, self._start = int(state["epoch"]), int(state["position"])
        self._position = self._start

    def _global_batches(self) -> list[NDArray[np.int64]]:
        """Order the examples longest first, then the longest prompts, then by chance; cut, and shuffle the batches."""
        if self.seed is None:
            order = self._sorted(np.arange(len(self._lengths)))
            return [order[start:stop] for start, stop in self._cuts]
        random = np.random.default_rng([self.seed, self.epoch])
        order = self._sorted(random.permutation(len(self._lengths)))
        return [order[slice(*self._cuts[number])] for number in random.permutation(len(self._cuts))]

    def _sorted(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        if self._asked is not None:
            order = order[np.argsort(-self._asked[order], kind="stable")]
        return order[np.argsort(-self._lengths[order], kind="stable")]


def _cut(lengths: NDArray[np.int64], tokens: int | None, rows: int | None) -> list[tuple[int, int]]:
    """Cut descending `lengths` into runs of at most `rows`, whose rows times first length fit `tokens`.

    The last two runs share their rows evenly, so that no batch is left with a row or two.
    """
    if len(lengths) and tokens is not None and lengths[0] > tokens:
        raise ValueError(
            f"a batch of {tokens} tokens cannot hold a sequence of {lengths[0]}; allow more tokens"
        )
    starts = [0]
    while starts[-1] < len(lengths):
        fit = len(lengths) if tokens is None else tokens // int(lengths[starts[-1]])
        starts.append(min(len(lengths), starts[-1] + min(fit, rows or fit)))
    if len(starts) > 2:
        starts[-2] = min(starts[-2], (starts[-3] + starts[-1] + 1) // 2)
    return list(pairwise(starts))


def place() -> tuple[int, int]:
    """Return (rank, number of processes)."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1

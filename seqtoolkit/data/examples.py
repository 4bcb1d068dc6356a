"""N sequences of different lengths, stored as flat columns, so that a batch is one gather."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.batch import Batch


@dataclass(frozen=True, eq=False)
class Examples:
    """N sequences of L steps in all, one after the other; small integer types keep them compact."""

    lengths: Tensor  # (N,) steps of each sequence, at least 1
    inputs: Tensor  # (L,) token ids
    targets: Tensor  # (L,) class ids
    mask: Tensor  # (L,) bool: the supervised steps
    lag: Tensor | None = None  # (L,) see Batch.lag

    @classmethod
    def of_answers(cls, prompts: list[str], answers: list[str]) -> Self:
        """Make next-token examples, supervised on the answers. A text has one character for each token id."""
        flat = np.frombuffer("".join(map(str.__add__, prompts, answers)).encode("latin-1"), dtype=np.uint8)
        asked = np.fromiter(map(len, prompts), np.int64)
        lengths = asked + np.fromiter(map(len, answers), np.int64) - 1
        first = np.zeros(len(flat), dtype=bool)  # of a text, one token longer than its example
        first[np.cumsum(lengths + 1)[:-1]] = first[0] = True
        step = np.arange(lengths.sum()) - np.repeat(lengths.cumsum() - lengths, lengths)
        return cls(
            lengths=torch.from_numpy(lengths),
            inputs=torch.from_numpy(flat[~np.roll(first, -1)]),
            targets=torch.from_numpy(flat[~first]),
            mask=torch.from_numpy(step >= np.repeat(asked - 1, lengths)),
        )

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def ends(self) -> Tensor:
        """Where each sequence ends in the columns (N,)."""
        return self.lengths.cumsum(0)

    def collate(self, rows: Tensor) -> Batch:
        """Gather the sequences `rows` (B,), padded on the right with zeros to the longest of them."""
        lengths = self.lengths[rows]
        steps = torch.arange(int(lengths.max()))
        real = steps < lengths[:, None]  # (B, T)
        where = ((self.ends[rows] - lengths)[:, None] + steps).masked_fill_(~real, 0)

        def gather(column: Tensor) -> Tensor:
            return column[where].long().masked_fill_(~real, 0)

        return Batch(
            inputs=gather(self.inputs),
            lengths=lengths,
            targets=gather(self.targets),
            mask=self.mask[where] & real,
            lag=None if self.lag is None else gather(self.lag),
            index=rows,
        )

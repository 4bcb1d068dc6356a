"""N sequences of different lengths, stored as flat columns, so that a batch is one gather."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.batch import Batch


@dataclass(frozen=True, eq=False)
class Examples:
    """N sequences of L steps in all, one after the other; small integer types keep them compact."""

    lengths: Tensor  # (N,) steps of each sequence, at least 1
    inputs: Tensor  # (L,) token ids, or (L, F) features
    targets: Tensor  # (L,) class ids, or (L, K) values or labels
    mask: Tensor  # (L,) bool: the supervised steps
    lag: Tensor | None = None  # (L,) see Batch.lag
    asked: Tensor | None = None  # (N,) steps of the prompt of each sequence, where it has one

    @classmethod
    def of_answers(cls, prompts: list[str], answers: list[str], offset: int = 0) -> Self:
        """Make next-token examples, supervised on the answers; class c is read as token c + `offset`.

        A prompt has one character for each token id, an answer one for each class; neither is empty.
        """
        flat = _numbers("".join(map(str.__add__, prompts, answers)))
        asked = np.fromiter(map(len, prompts), np.int64)
        lengths = asked + np.fromiter(map(len, answers), np.int64) - 1
        first = np.zeros(len(flat), dtype=bool)  # of a text, one token longer than its example
        first[np.cumsum(lengths + 1)[:-1]] = first[0] = True
        step = np.arange(lengths.sum()) - np.repeat(lengths.cumsum() - lengths, lengths)
        start = np.repeat(asked, lengths)  # of the answer
        columns = (
            flat[~np.roll(first, -1)] + offset * (step >= start),
            flat[~first] * (step >= start - 1),
            step >= start - 1,
        )
        inputs, targets, mask = map(torch.from_numpy, map(_compact, columns))
        return cls(torch.from_numpy(lengths), inputs, targets, mask, asked=torch.from_numpy(asked))

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
            """Return (B, T) whole numbers of a column of numbers, and (B, T, F) float32 of one of rows."""
            taken = column[where]
            if column.ndim == 1:
                return taken.long().masked_fill_(~real, 0)
            return taken.float().masked_fill_(~real.unsqueeze(-1), 0)

        return Batch(
            inputs=gather(self.inputs),
            lengths=lengths,
            targets=gather(self.targets),
            mask=self.mask[where] & real,
            lag=None if self.lag is None else gather(self.lag),
            index=rows,
        )


def _numbers(text: str) -> NDArray[np.int64]:
    """Return the number of each character; all numbers but those of chr(0) to chr(0x10FFFF) are impossible."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)


def _compact(column: NDArray[Any]) -> NDArray[Any]:
    """Return the same numbers in the smallest type that holds them (and that torch computes with)."""
    if column.dtype == bool:
        return column
    largest = column.max(initial=0)
    kind = next(kind for kind in (np.uint8, np.int16, np.int32) if largest <= np.iinfo(kind).max)
    return column.astype(kind)

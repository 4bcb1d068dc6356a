"""The rows of a series as tensors, stored once: windows are gathered from them when a batch is made."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class Rows:
    """L rows, one after the other, of all groups. The first `channels` of the W values are read."""

    values: Tensor  # (L, W) float32, scaled; missing channels are filled, other values NaN
    channels: int
    gaps: Tensor  # (M,) which of the channels miss values
    known: Tensor  # (L, M) bool: where those were there
    masked: bool  # whether `known` is read too
    codes: Tensor  # (L, C) the number of each text; that of none is the number of its levels
    levels: tuple[int, ...]  # (C,)
    labels: Tensor  # (L,) class of each row, -1 for none; (0,) without labels
    split: Tensor  # (L,) uint8: which split each row is for

    @property
    def features(self) -> int:
        """F, what a model reads at each step."""
        return self.channels + (len(self.gaps) if self.masked else 0) + sum(self.levels)

    def inputs(self, where: Tensor, values: Tensor) -> Tensor:
        """Return what is read (B, T, F) at rows `where` (B, T), whose values (B, T, W) are given."""
        parts = [values[..., : self.channels]]
        if self.masked and len(self.gaps):
            parts.append(self.known[where].float())
        for column, levels in enumerate(self.levels):
            parts.append(
                functional.one_hot(self.codes[where, column].long(), levels + 1)[..., :levels].float()
            )
        return torch.cat(parts, -1) if len(parts) > 1 else parts[0]

    def truths(self, where: Tensor, values: Tensor, columns: Tensor) -> Tensor:
        """Return the columns (K,) of values (B, T, W) as targets (B, T, K): NaN where they were not there."""
        found = values[..., columns]
        both = columns[:, None] == self.gaps  # (K, M)
        if both.any():
            some = both.any(1)
            missing = ~self.known[where][..., both.int().argmax(1)[some]]
            found[..., some] = found[..., some].masked_fill(missing, torch.nan)
        return found

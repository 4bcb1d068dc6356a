"""Where a decoder stands: what it knows of its sources, and K rows side by side for each of them."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from seqtoolkit.attention import CrossAttention
from seqtoolkit.mixer import State, select_rows


class Source(NamedTuple):
    """What the decoder knows of B sources; no step changes it."""

    summary: Tensor  # (B, D) the fixed vector
    mask: Tensor  # (B, S) bool: the real steps
    prepared: State  # of the attention; None without one

    def add_summary(self, x: Tensor) -> Tensor:
        """Add the fixed vector of its source to each step of x (R, T, D)."""
        summed: Tensor = (self._together(x) + self.summary.unsqueeze(1)).view(x.shape)
        return summed

    def look(self, attention: CrossAttention, query: Tensor) -> tuple[Tensor, Tensor]:
        """Answer queries (R, T, D): the context (R, T, d_source), and the weights (R, H, T, S)."""
        context, weights = attention(self._together(query), self.prepared, self.mask)
        if len(query) == len(self.mask):
            return context, weights
        weights = weights.unflatten(2, (-1, query.shape[1])).transpose(1, 2).flatten(0, 1)
        return context.view(*query.shape[:2], -1), weights

    def _together(self, x: Tensor) -> Tensor:
        """Put the rows of a source behind each other, (B K, T, D) to (B, K T, D): they read it at once."""
        return x if len(x) == len(self.mask) else x.reshape(len(self.mask), -1, x.shape[-1])


class Standing(NamedTuple):
    """The state of R = B x K rows, K side by side for each of B sources: one, or the beams of a search."""

    source: Source
    blocks: State  # of the decoder; None before its first step
    query: Tensor | None  # (R, 1, D) what asks next, where attention comes before the step

    def branch(self, going: Tensor | None, rows: Tensor) -> Standing:
        """Keep `rows` (B, K) of the batch, K for each of the sources `going` (B,), all when null: each is kept once."""
        source = self.source if going is None else select_rows(self.source, going)
        return Standing(source, *select_rows((self.blocks, self.query), rows.flatten()))

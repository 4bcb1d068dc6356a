"""The contract of an attention from a decoder to an encoder: queries look at a source, with explicit state."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from seqtoolkit.mixer import State


class CrossAttention(nn.Module, ABC):
    """Base class of every attention: T queries read S source steps, and nothing else.

    The one law: each query is answered alone, `forward(query[:, t : t + 1], ...)` equals step t of `forward(query,
    ...)`, so that training with all queries at once and decoding one by one are the same. What depends on the
    source only is computed once, by `prepare`, and handed back in: nothing is remembered between two calls.
    Weights are not negative, sum to 1 over the real steps of the source, and are exactly 0 on its padding.
    The constructor takes `d_query` and `d_source` first; everything else needs a default, a type and a JSON-plain
    value. It raises ValueError when it cannot work with these widths, and says which ones would do.
    """

    def __init__(self, d_query: int, d_source: int) -> None:
        super().__init__()
        self.d_query = d_query
        self.d_source = d_source

    def prepare(self, source: Tensor) -> State:
        """Return what `forward` needs of the source (B, S, d_source); the first axis of each tensor is the batch."""
        return source

    @abstractmethod
    def forward(self, query: Tensor, prepared: State, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Answer each query: return the context (B, T, d_source) and the weights (B, H, T, S) of H heads.

        Args:
            query: (B, T, d_query).
            prepared: what `prepare` returned for the source.
            mask: (B, S) bool, the real steps of the source; at least one in each row.
        """

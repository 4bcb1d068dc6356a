"""General attention: the dot one with a matrix between, so that it learns what fits what, at any widths."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtoolkit import CrossAttention, State, hookimpl


class General(CrossAttention):
    """General attention (Luong, Pham & Manning 2015, eq. 8).

    e_ts = q_t^T W h_s, weights = softmax over s of e_ts, context_t = sum over s of weights_ts h_s.
    W h, which no query changes, is computed once: it is what is prepared.

    Args:
        d_query: Width of the queries.
        d_source: Width of the source, and of the context.
    """

    def __init__(self, d_query: int, d_source: int) -> None:
        super().__init__(d_query, d_source)
        self.key = nn.Linear(d_source, d_query, bias=False)  # W

    def prepare(self, source: Tensor) -> State:
        """Return W h (B, S, d_query), and the source (B, S, d_source) itself."""
        return {"key": self.key(source), "source": source}

    def forward(self, query: Tensor, prepared: State, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Answer queries (B, T, d_query): the context (B, T, d_source), and the weights (B, 1, T, S)."""
        weights = _softmax(query @ prepared["key"].mT, mask).to(prepared["source"].dtype)
        return weights @ prepared["source"], weights.unsqueeze(1)


def _softmax(energy: Tensor, mask: Tensor) -> Tensor:
    """Turn energies (B, T, S) into weights over the real steps of mask (B, S), in float32 at least."""
    precise = torch.promote_types(energy.dtype, torch.float32)
    return energy.to(precise).masked_fill(~mask.unsqueeze(1), -torch.inf).softmax(-1)


@hookimpl
def seqtoolkit_attentions() -> dict[str, type[CrossAttention]]:
    return {"general": General}

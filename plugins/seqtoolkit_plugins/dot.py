"""Dot attention: a query fits a source step as far as they point the same way. Nothing to learn."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtoolkit import CrossAttention, State, hookimpl


class Dot(CrossAttention):
    """Dot attention (Luong, Pham & Manning 2015, eq. 8).

    e_ts = q_t^T h_s, weights = softmax over s of e_ts, context_t = sum over s of weights_ts h_s.

    Args:
        d_query: Width of the queries.
        d_source: Width of the source, and of the context; the same.

    Raises:
        ValueError: The widths differ, so that there is no product.
    """

    def __init__(self, d_query: int, d_source: int) -> None:
        super().__init__(d_query, d_source)
        if d_query != d_source:
            raise ValueError(
                f"dot attention multiplies queries and source steps as they are, and d_query={d_query} is not "
                f"d_source={d_source}: make the widths equal, or choose `general`, which has a matrix between"
            )

    def forward(self, query: Tensor, prepared: State, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Answer queries (B, T, D) from the source (B, S, D): context (B, T, D), weights (B, 1, T, S)."""
        weights = _softmax(query @ prepared.mT, mask).to(prepared.dtype)
        return weights @ prepared, weights.unsqueeze(1)


def _softmax(energy: Tensor, mask: Tensor) -> Tensor:
    """Turn energies (B, T, S) into weights over the real steps of mask (B, S), in float32 at least."""
    precise = torch.promote_types(energy.dtype, torch.float32)
    return energy.to(precise).masked_fill(~mask.unsqueeze(1), -torch.inf).softmax(-1)


@hookimpl
def seqtoolkit_attentions() -> dict[str, type[CrossAttention]]:
    return {"dot": Dot}

"""Concat attention: the additive one with the query and the source step side by side in one matrix."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

from seqtoolkit import CrossAttention, State, hookimpl

BLOCK = 1 << 24  # numbers in the (B, T, S, A) tensor that is held at once: 64 MiB of float32


class Concat(CrossAttention):
    """Concat attention (Luong, Pham & Manning 2015, eq. 8).

    e_ts = v^T tanh(W [q_t; h_s]), weights = softmax over s of e_ts, context_t = sum over s of weights_ts h_s.
    Cut into its columns for q and for h, W is the W and U of `additive`, so the two can express the same; they
    start with other weights. The part of h, which no query changes, is computed once: it is what is prepared.

    Args:
        d_query: Width of the queries.
        d_source: Width of the source, and of the context.
        hidden: Number A of rows of W; the width of the queries when null.

    Raises:
        ValueError: W has no rows.
    """

    def __init__(self, d_query: int, d_source: int, hidden: int | None = None) -> None:
        super().__init__(d_query, d_source)
        width = d_query if hidden is None else hidden
        if width < 1:
            raise ValueError(f"hidden={hidden}, and the matrix needs rows: choose 1 or more, or null")
        self.joint = nn.Linear(d_query + d_source, width, bias=False)  # W
        self.score = nn.Linear(width, 1, bias=False)  # v

    def prepare(self, source: Tensor) -> State:
        """Return the source's part of W [q; h], (B, S, A), and the source (B, S, d_source) itself."""
        return {"key": linear(source, self.joint.weight[:, self.d_query :]), "source": source}

    def forward(self, query: Tensor, prepared: State, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Answer queries (B, T, d_query): the context (B, T, d_source), and the weights (B, 1, T, S)."""
        asked = linear(query, self.joint.weight[:, : self.d_query])
        weights = _softmax(_in_blocks(asked, prepared["key"], self.score), mask).to(prepared["source"].dtype)
        return weights @ prepared["source"], weights.unsqueeze(1)


def _in_blocks(query: Tensor, key: Tensor, score: nn.Linear) -> Tensor:
    """Return the energies (B, T, S) of queries (B, T, A) and keys (B, S, A), a block of queries at a time.

    Training recomputes a block when its gradient is due, instead of keeping all: its memory is bounded too.
    """
    if query.shape[1] * key.numel() <= BLOCK:
        return _energy(query, key, score)
    blocks = torch.split(query, max(1, BLOCK // key.numel()), 1)
    return torch.cat([checkpoint(_energy, block, key, score, use_reentrant=False) for block in blocks], 1)


def _energy(query: Tensor, key: Tensor, score: nn.Linear) -> Tensor:
    energy: Tensor = score((query.unsqueeze(2) + key.unsqueeze(1)).tanh())  # (B, T, S, A) to (B, T, S, 1)
    return energy.squeeze(-1)


def _softmax(energy: Tensor, mask: Tensor) -> Tensor:
    """Turn energies (B, T, S) into weights over the real steps of mask (B, S), in float32 at least."""
    precise = torch.promote_types(energy.dtype, torch.float32)
    return energy.to(precise).masked_fill(~mask.unsqueeze(1), -torch.inf).softmax(-1)


@hookimpl
def seqtoolkit_attentions() -> dict[str, type[CrossAttention]]:
    return {"concat": Concat}

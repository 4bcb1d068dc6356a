"""Additive attention: a small network says how well each source step fits a query. The first attention there was."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from seqtoolkit import CrossAttention, State, hookimpl

BLOCK = 1 << 24  # numbers in the (B, T, S, A) tensor that is held at once: 64 MiB of float32


class Additive(CrossAttention):
    """Additive attention (Bahdanau, Cho & Bengio 2014, appendix A.1.2).

    e_ts = v^T tanh(W q_t + U h_s), weights = softmax over s of e_ts, context_t = sum over s of weights_ts h_s.
    As in the paper there is no bias, and U h, which no query changes, is computed once: it is what is prepared.

    Args:
        d_query: Width of the queries.
        d_source: Width of the source, and of the context.
        hidden: Width A of the network, the rows of W and U; that of the queries when null.

    Raises:
        ValueError: The network has no width.
    """

    def __init__(self, d_query: int, d_source: int, hidden: int | None = None) -> None:
        super().__init__(d_query, d_source)
        width = d_query if hidden is None else hidden
        if width < 1:
            raise ValueError(f"hidden={hidden}, and the network needs a width: choose 1 or more, or null")
        self.query = nn.Linear(d_query, width, bias=False)  # W
        self.key = nn.Linear(d_source, width, bias=False)  # U
        self.score = nn.Linear(width, 1, bias=False)  # v

    def prepare(self, source: Tensor) -> State:
        """Return U h (B, S, A), and the source (B, S, d_source) itself."""
        return {"key": self.key(source), "source": source}

    def forward(self, query: Tensor, prepared: State, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Answer queries (B, T, d_query): the context (B, T, d_source), and the weights (B, 1, T, S)."""
        energy = _in_blocks(self.query(query), prepared["key"], self.score)
        weights = _softmax(energy, mask).to(prepared["source"].dtype)
        return torch.bmm(weights, prepared["source"]), weights.unsqueeze(1)


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
    return {"additive": Additive}

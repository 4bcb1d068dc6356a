"""Multi-head attention: several looks at once, each with its own idea of what fits and what to bring back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtoolkit import CrossAttention, State, hookimpl


class MultiHead(CrossAttention):
    """Multi-head scaled dot-product attention (Vaswani et al. 2017, section 3.2).

    Each head has E = d_source / H channels: weights = softmax over s of (W_q q_t)^T (W_k h_s) / sqrt(E), and the
    context is W_o applied to the heads' sums of weights_ts W_v h_s, side by side. Without biases, as in the paper.
    Keys and values, which no query changes, are computed once: (B, H, S, E) each, they are what is prepared.

    Args:
        d_query: Width of the queries.
        d_source: Width of the source, and of the context; a multiple of num_heads.
        num_heads: Number of heads H, each with its own weights.

    Raises:
        ValueError: The heads do not divide the width of the source.
    """

    def __init__(self, d_query: int, d_source: int, num_heads: int = 4) -> None:
        super().__init__(d_query, d_source)
        if num_heads < 1 or d_source % num_heads:
            fits = [heads for heads in range(1, min(d_source, 64) + 1) if d_source % heads == 0]
            raise ValueError(
                f"num_heads={num_heads} does not divide d_source={d_source} (d_query={d_query} may be any): "
                f"choose num_heads from {fits}"
            )
        self.num_heads = num_heads
        self.query = nn.Linear(d_query, d_source, bias=False)
        self.key = nn.Linear(d_source, d_source, bias=False)
        self.value = nn.Linear(d_source, d_source, bias=False)
        self.out = nn.Linear(d_source, d_source, bias=False)

    def prepare(self, source: Tensor) -> State:
        """Return the heads' keys and values, each (B, H, S, E)."""
        return {"key": self._heads(self.key(source)), "value": self._heads(self.value(source))}

    def forward(self, query: Tensor, prepared: State, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Answer queries (B, T, d_query): the context (B, T, d_source), and the weights (B, H, T, S)."""
        key, value = prepared["key"], prepared["value"]
        asked = self._heads(self.query(query)) * key.shape[-1] ** -0.5
        weights = _softmax(asked @ key.mT, mask).to(value.dtype)
        context: Tensor = self.out((weights @ value).transpose(1, 2).flatten(2))
        return context, weights

    def _heads(self, x: Tensor) -> Tensor:
        """Cut (B, T, H E) into (B, H, T, E)."""
        return x.view(*x.shape[:-1], self.num_heads, -1).transpose(1, 2)


def _softmax(energy: Tensor, mask: Tensor) -> Tensor:
    """Turn energies (B, H, T, S) into weights over the real steps of mask (B, S), in float32 at least."""
    precise = torch.promote_types(energy.dtype, torch.float32)
    return energy.to(precise).masked_fill(~mask[:, None, None], -torch.inf).softmax(-1)


@hookimpl
def seqtoolkit_attentions() -> dict[str, type[CrossAttention]]:
    return {"multihead": MultiHead}

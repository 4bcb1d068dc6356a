"""Causal attention: nothing is squeezed into a state vector; every step looks at all earlier ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from seqtoolkit import SequenceMixer, State, hookimpl

BLOCK = 512  # queries for each explicit mask: bounds its memory


class Attention(SequenceMixer):
    """Causal multi-head attention (Vaswani et al. 2017) with rotary positions (Su et al. 2021).

    The state is the cache of past keys (rotated) and values, (B, H, S, E) each, with E = D / H, and the
    number of steps seen, (B,). It grows with time, or stops at window - 1 steps.

    Args:
        d_model: Width of inputs and outputs; a multiple of 2 * num_heads.
        num_heads: Number of heads H, each with its own pattern of looking back.
        window: Number of latest steps that a query sees, itself included; all of them when null.

    Raises:
        ValueError: The heads do not divide d_model into an even number of channels, or the window is below 1.
    """

    def __init__(self, d_model: int, num_heads: int = 4, window: int | None = None) -> None:
        super().__init__()
        if num_heads < 1 or d_model % (2 * num_heads):
            fits = [heads for heads in range(1, d_model // 2 + 1) if d_model % (2 * heads) == 0]
            choose = f"num_heads from {fits}" if fits else "an even d_model"
            raise ValueError(
                f"num_heads={num_heads} does not divide d_model={d_model} into an even number of channels "
                f"a head, and rotary positions turn channels in pairs: choose {choose}"
            )
        if window is not None and window < 1:
            raise ValueError(f"window={window}, and a query sees at least itself: choose 1 or more, or null")
        self.num_heads = num_heads
        self.window = window
        self.query = nn.Linear(d_model, d_model, bias=False)
        self.key = nn.Linear(d_model, d_model, bias=False)
        self.value = nn.Linear(d_model, d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mix x (B, T, D), continuing from the cache; return (B, T, D) and the new cache."""
        query, key, value, position = self._project(x, state)
        mixed = _attend(query, key, value, self.window)
        kept = key.shape[2] if self.window is None else min(key.shape[2], self.window - 1)
        if kept < key.shape[2]:  # clone: a slice would keep the whole cache alive
            key, value = (part[:, :, part.shape[2] - kept :].clone() for part in (key, value))
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out, {"key": key, "value": value, "position": position}

    def trace(self, x: Tensor, state: State | None = None) -> dict[str, Tensor]:
        """Return `query` (B, H, T, E), `key` (B, H, S, E), both rotated, and `reach` (B, T).

        The weights are softmax(query @ key^T / sqrt(E)) over the keys that a query sees: query t stands
        at key S - T + t, and sees the `reach` latest keys up to and including that one.
        """
        query, key, _, _ = self._project(x, state)
        steps, sources = query.shape[2], key.shape[2]
        reach = torch.arange(sources - steps + 1, sources + 1, device=x.device)
        reach = reach if self.window is None else reach.clamp(max=self.window)
        return {"query": query, "key": key, "reach": reach.expand(x.shape[0], -1)}

    def _project(self, x: Tensor, state: State | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return queries (B, H, T, E), keys and values (B, H, S, E) with the cached first, and positions."""
        layers = (self.query, self.key, self.value)
        query, key, value = (layer(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for layer in layers)
        start = x.new_zeros(1, dtype=torch.long) if state is None else state["position"]  # (1 or B,)
        time = start.unsqueeze(1) + torch.arange(x.shape[1], device=x.device)
        query, key = rotate(query, time), rotate(key, time)
        if state is not None:
            key = torch.cat([state["key"].to(key.dtype), key], 2)
            value = torch.cat([state["value"].to(value.dtype), value], 2)
        return query, key, value, start.expand(x.shape[0]) + x.shape[1]


def rotate(x: Tensor, time: Tensor, base: float = 10_000.0) -> Tensor:
    """Turn channel pair i of x (B, H, T, E) by t * base^(-2 i / E) at step t (Su et al. 2021, eq. 34).

    `time` holds t, (1 or B, T). The angles are float64, so that they are exact at any position.
    """
    pairs = torch.arange(0, x.shape[-1], 2, device=x.device, dtype=torch.float64) / x.shape[-1]
    angle = time[:, None, :, None] * base**-pairs  # (B, 1, T, E / 2)
    precise = torch.promote_types(x.dtype, torch.float32)
    cos, sin = angle.cos().to(precise), angle.sin().to(precise)
    even, odd = x.to(precise).view(*x.shape[:-1], -1, 2).unbind(-1)
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2).to(x.dtype)


def _attend(query: Tensor, key: Tensor, value: Tensor, window: int | None) -> Tensor:
    """Attend causally within the window: the fused kernel where no mask is needed, else block by block."""
    steps, sources = query.shape[2], key.shape[2]
    reach = sources if window is None else window
    if steps == 1 and sources <= reach:
        return scaled_dot_product_attention(query, key, value)
    if steps == sources <= reach:
        return scaled_dot_product_attention(query, key, value, is_causal=True)
    blocks = []
    for start in range(sources - steps, sources, BLOCK):  # a mask holds BLOCK * (BLOCK + reach), not T * T
        stop, low = min(start + BLOCK, sources), max(0, start + 1 - reach)
        at = torch.arange(low, stop, device=key.device)
        lag = at[start - low :, None] - at
        asked = query[:, :, start + steps - sources : stop + steps - sources]
        seen = key[:, :, low:stop], value[:, :, low:stop]
        blocks.append(scaled_dot_product_attention(asked, *seen, attn_mask=(lag >= 0) & (lag < reach)))
    return torch.cat(blocks, 2)


@hookimpl
def seqtoolkit_architectures() -> dict[str, type[SequenceMixer]]:
    return {"attention": Attention}

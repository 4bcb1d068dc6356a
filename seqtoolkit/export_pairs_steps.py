"""What the exported programs of an encoder-decoder do: one reads sources and the separator, one takes a step.

In what is traced nothing asks `len` of a tensor, which fixes the number of rows.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from seqtoolkit.attention import CrossAttention
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.export import leaves
from seqtoolkit.standing import Source, Standing

Flat = tuple[Tensor, ...]


class Alone(Source):
    """A source that one row reads: no beams lie side by side."""

    def add_summary(self, x: Tensor) -> Tensor:
        """Add the fixed vector to each step of x (B, T, D)."""
        return x + self.summary.unsqueeze(1)

    def look(self, attention: CrossAttention, query: Tensor) -> tuple[Tensor, Tensor]:
        """Answer queries (B, T, D): the context (B, T, d_source), and the weights (B, H, T, S)."""
        answer: tuple[Tensor, Tensor] = attention(query, self.prepared, self.mask)
        return answer


class First(nn.Module):
    """Read sources and the separator, before which a decoder has no state."""

    def __init__(self, model: EncoderDecoder) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).eval().requires_grad_(False)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Flat, Flat]:
        """Map (B, S) tokens, of `lengths` (B,) real steps, to (B, V), what is known of them, and the state."""
        standing = self._read(source, lengths)
        separator = torch.full_like(source[:, :1], self.model.offset)
        scores, after = self.model.advance(separator, standing)
        known, state = taken_apart(after)
        return scores, tuple(leaves(known)), tuple(leaves(state))

    def _read(self, source: Tensor, lengths: Tensor) -> Standing:
        """Do what `encode` does; what the padding has is not read."""
        encoder, steps = self.model.encoder, torch.arange(source.shape[1])
        real = source.masked_fill(steps >= lengths.unsqueeze(1), 0)
        read = encoder.features(encoder.embedding(real), lengths)
        last = read[torch.arange(source.shape[0]), lengths - 1]
        last = torch.cat([last, read[:, 0]], -1) if encoder.bidirectional else last
        standing = self.model.stand(read, last, lengths)
        return standing._replace(source=Alone(*standing.source))


class Next(nn.Module):
    """Take one step; `like` is a state of the model, which the tensors of others are put together like."""

    def __init__(self, model: EncoderDecoder, like: Standing) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        del self.model.encoder  # it has read the source; only one program carries its weights
        self.known, self.state = (_pytree.tree_structure(part) for part in taken_apart(like))

    def forward(self, inputs: Tensor, known: Flat, state: Flat) -> tuple[Tensor, Flat]:
        """Map (B, 1) tokens, what is known of the sources and the state to (B, V) and the state after them."""
        about = _pytree.tree_unflatten(known, self.known)
        parts = _pytree.tree_unflatten(state, self.state)
        source = Alone(about["summary"], about["mask"], about.get("prepared"))
        scores, after = self.model.advance(inputs, Standing(source, parts["blocks"], parts.get("query")))
        return scores, tuple(leaves(taken_apart(after)[1]))


def taken_apart(standing: Standing) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is known of the sources and what each step changes, by name, as far as a model has it."""
    known = standing.source._asdict()
    return _there(known), _there({"blocks": standing.blocks, "query": standing.query})


def _there(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part is not None}


def drawn(model: EncoderDecoder, rows: int, longest: int) -> tuple[Tensor, Tensor]:
    """Return sources (B, S) of different lengths (B,), the longest first, the same each time."""
    source = torch.randint(model.offset, (rows, longest), generator=torch.Generator().manual_seed(0))
    return source, (longest - 2 * torch.arange(rows)).clamp(min=1)


@torch.no_grad()
def begun(model: EncoderDecoder, source: Tensor, lengths: Tensor) -> tuple[Tensor, Standing]:
    """Return the scores (B, V) and the state of the model itself after sources (B, S) and the separator."""
    prompts = nn.functional.pad(source, (0, 1), value=model.offset)
    scores, standing = model.begin(prompts, lengths + 1)
    assert isinstance(standing, Standing)
    return scores, standing

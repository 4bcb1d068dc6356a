"""Trace an encoder-decoder or a part of it, to say which option chose what cannot be traced."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.utils import _pytree

from seqtoolkit.attention import CrossAttention
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.encoder import Encoder
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.export import quietly

SOURCES, STEPS = 3, 5  # of what is traced


class _Reads(nn.Module):
    """An encoder from embedded tokens on."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return self.encoder.features(x, lengths)


class _Looks(nn.Module):
    """An attention with what it prepares."""

    def __init__(self, attention: CrossAttention) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, source: Tensor, query: Tensor, mask: Tensor) -> Tensor:
        context: Tensor = self.attention(query, self.attention.prepare(source), mask)[0]
        return context


def traced(module: nn.Module, *inputs: Any) -> ExportedProgram:
    """Trace a module for inputs of any size; the sizes that its weights have are fixed.

    Raises whatever torch does, also when the module takes the first input, (B, S, ...), for one length S only.
    """
    free = [_pytree.tree_map(_sizes, part) for part in inputs]
    free[0] |= dict.fromkeys(set(free[0]) & {1}, Dim.DYNAMIC)  # AUTO would fix a length in silence
    with quietly():
        return torch.export.export(module, inputs, dynamic_shapes=tuple(free))


def _sizes(part: Tensor) -> dict[int, Any]:
    return {axis: Dim.AUTO for axis, size in enumerate(part.shape) if size > 1}


def refusal(checkpoint: Checkpoint, model: EncoderDecoder) -> str:
    """Say which part of a model cannot be traced by itself, the decoder where the others can."""
    chosen = checkpoint.described.chosen
    lengths = torch.arange(STEPS, STEPS - SOURCES, -1)
    source = torch.zeros(SOURCES, STEPS, model.encoder.embedding.embedding_dim)
    if not _can(_Reads(model.encoder), source, lengths):
        options = f" with --model.encoder_config {given}" if (given := chosen["encoder_config"]) else ""
        return f"--model.encoder {chosen['encoder']}{options} cannot be traced for sources of any length"
    if model.attention is not None:
        query = torch.zeros(SOURCES, 1, model.attention.d_query)
        if not _can(_Looks(model.attention), source, query, torch.ones(SOURCES, STEPS, dtype=torch.bool)):
            return f"--model.attention {chosen['attention']} cannot be traced"
    return f"--model.arch {chosen['arch']} cannot be traced"


def _can(module: nn.Module, *inputs: Tensor) -> bool:
    try:
        traced(module, *inputs)
    except Exception:  # whatever a plugin does
        return False
    return True

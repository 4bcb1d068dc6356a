"""What retention needs of the two halves of an EncoderDecoder, beside what they do in training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtoolkit.encoder import Encoder
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.mixer import SequenceMixer, State
from seqtoolkit.model import Block

Traces = list[dict[str, Tensor]]


def advance_encoder(encoder: Encoder, x: Tensor, state: State | None) -> tuple[Tensor, State]:
    """Do what Encoder.features does in one direction, and keep the state of each block."""
    x, states = encoder.dropout(x), []
    for i, block in enumerate(encoder.blocks):
        x, after = block(x, None if state is None else state[i])
        states.append(after)
    return encoder.norm(x), tuple(states)


def trace_encoder(encoder: Encoder, tokens: Tensor) -> Traces:
    """Return the trace of every block's mixer for tokens (B, S)."""
    x, traces = encoder.embedding(tokens), []
    for block in encoder.blocks:
        assert isinstance(block, Block)
        assert isinstance(block.mixer, SequenceMixer)
        traces.append(block.mixer.trace(block.norm(x)))
        x, _ = block(x)
    return traces


def first_answer(model: EncoderDecoder, read: Tensor) -> Tensor:
    """Return the scores (B, V) of the decoder's first step, after an encoder that reads in one direction: (B, S, D)."""
    state = model.stand(read, read[:, -1], torch.full((len(read),), read.shape[1], device=read.device))
    separator = torch.zeros(len(read), 1, dtype=torch.long, device=read.device)
    features, _, _ = model.decode(separator, state)
    scores: Tensor = model.decoder.head(features[:, -1])
    return scores


def target_symbols(model: EncoderDecoder) -> int:
    """Return how many symbols the decoder reads."""
    embedding = model.decoder.embedding
    assert isinstance(embedding, nn.Embedding)
    return embedding.num_embeddings


def fed(model: EncoderDecoder, x: Tensor, state: State) -> Tensor:
    """Return what the blocks of the decoder read (B, T, D): where attention comes before the step, its context too."""
    if not model.before:
        return x
    steps: list[Tensor] = []
    handle = model.decoder.blocks[0].register_forward_pre_hook(lambda _, args: steps.append(args[0]))
    try:
        model.read(x, state)
    finally:
        handle.remove()
    return torch.cat(steps, 1)

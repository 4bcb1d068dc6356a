"""Models as they begin, for what must hold whatever the weights are."""

from __future__ import annotations

import torch

from seqtoolkit import SequenceModel
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention.view import View, view

N = 128
ARCHITECTURES = ["rnn", "lstm", "gru", "attention"]


def model(arch: str, **options: object) -> SequenceModel:
    torch.manual_seed(0)
    sizes = {"vocab_size": 7, "d_model": 16} | options
    return SequenceModel(arch, num_classes=7, **sizes)  # type: ignore[arg-type]


def views(arch: str) -> list[View]:
    torch.manual_seed(0)
    pair = EncoderDecoder(arch, 5, 11, attention="dot", attend="before", d_model=16)
    return [view(model(arch)), view(model(arch, vocab_size=0, num_features=3)), view(pair)]

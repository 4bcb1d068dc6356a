"""The untrained twin: the same architecture and sizes with fresh weights. What it reaches was not learned."""

from __future__ import annotations

from dataclasses import replace

import torch

from seqtoolkit.described import Described
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.record import Record


def twin(described: Described, seed: int) -> SequenceModel | EncoderDecoder:
    """Build a model as it is before training, in eval mode; the seed decides its weights, and no other draw changes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return described.build().eval()


def of_twin(records: list[Record]) -> list[Record]:
    """Mark the curves of a twin as such."""
    return [replace(record, settings={**record.settings, "twin": True}) for record in records]

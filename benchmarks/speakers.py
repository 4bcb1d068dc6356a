"""Where the bits of a play go: into the names of its speakers, which no other play has, and into all the rest."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from seqtoolkit import checkpoint
from seqtoolkit.data.shakespeare import ShakespeareData
from seqtoolkit.model import SequenceModel

HEAD = ("plays", "characters", "in names of speakers", "bits, names", "bits, all others", "bits, all")
NAME = re.compile(r"(?<=\n)[A-Z][A-Z' ]+\.(?=\n)")  # a line of its own
STEPS = 4_096  # of a forward; the state is carried on

Floats = NDArray[np.float64]


def rows(path: Path, data: ShakespeareData) -> list[tuple[str, ...]]:
    """Read as many characters of learned plays as the held-out ones have, and those, with a checkpoint."""
    model = checkpoint.load(path).model
    assert isinstance(model, SequenceModel)
    held = data.text("test")
    learned = data.text("train")[: len(held)]
    return [_row(name, model, data, text) for name, text in (("learned", learned), ("held out", held))]


def named(text: str) -> NDArray[np.bool_]:
    """Say of each character (N,) whether it stands in the name of a speaker."""
    found = np.zeros(len(text), bool)
    for name in NAME.finditer(text):
        found[name.start() : name.end()] = True
    return found


@torch.inference_mode()
def bits(model: SequenceModel, symbols: torch.Tensor) -> Floats:
    """Return the bits (N - 1,) that each of N symbols but the first costs, the state carried from the first on."""
    state, found = None, []
    inputs, targets = symbols[:-1].long(), symbols[1:].long()
    for read, wanted in zip(torch.split(inputs, STEPS), torch.split(targets, STEPS), strict=True):
        scores, state = model(read[None], state)
        found.append(torch.nn.functional.cross_entropy(scores[0].double(), wanted, reduction="none"))
    costs: Floats = (torch.cat(found) / math.log(2)).numpy()
    return costs


def _row(name: str, model: SequenceModel, data: ShakespeareData, text: torch.Tensor) -> tuple[str, ...]:
    costs, names = bits(model, text), named(data.symbols.typed(text))[1:]
    means = (costs[names].mean(), costs[~names].mean(), costs.mean())
    return (name, f"{len(costs):,}", f"{names.mean():.1%}", *(f"{mean:.3f}" for mean in means))

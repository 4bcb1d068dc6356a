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
from seqtoolkit.data.texts.dynamic_evaluation import Learner
from seqtoolkit.data.texts.streams import Streams
from seqtoolkit.model import SequenceModel

HEAD = ("plays", "the model", "characters", "in names", "bits, names", "bits, all others", "bits, all")
NAME = re.compile(r"(?<=\n)[A-Z][A-Z' ]+\.(?=\n)")  # a line of its own
WINDOW = 64  # symbols that are learned from at once, as in configs/shakespeare.yaml
STEPS = 4_096  # of a forward; the state is carried on

Floats = NDArray[np.float64]


def rows(path: Path, data: ShakespeareData, rate: float) -> list[tuple[str, ...]]:
    """Read as many characters of learned plays as the held-out ones have, and those, with a checkpoint.

    Those also with a copy of it that goes on learning at this rate.
    """
    model = checkpoint.load(path).model
    assert isinstance(model, SequenceModel)
    held = data.text("test")
    learned = data.text("train")[: len(held)]
    return [
        ("learned", "frozen", *_costs(data, learned, bits(model, learned))),
        ("held out", "frozen", *_costs(data, held, bits(model, held))),
        ("held out", "goes on learning", *_costs(data, held, dynamic_bits(model, held, rate))),
    ]


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


def dynamic_bits(model: SequenceModel, symbols: torch.Tensor, rate: float) -> Floats:
    """Return the same of a copy that learns from each window after it has predicted it."""
    learner = Learner(model, rate)
    found = [learner.read(batch).double() for batch in Streams(symbols, 1, WINDOW)]
    costs: Floats = (torch.cat(found) / math.log(2)).numpy()
    return costs


def _costs(data: ShakespeareData, text: torch.Tensor, costs: Floats) -> tuple[str, ...]:
    names = named(data.symbols.typed(text))[1:]
    means = (costs[names].mean(), costs[~names].mean(), costs.mean())
    return (f"{len(costs):,}", f"{names.mean():.1%}", *(f"{mean:.3f}" for mean in means))

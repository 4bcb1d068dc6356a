"""What the article's architectures cost: weights, counted; time and memory by the length of the past, measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from time import process_time

import machine  # noqa: F401  (before torch)
import torch
from timing import timed
from torch import Tensor, UntypedStorage

from seqtoolkit.mixer import state_bytes
from seqtoolkit.model import Block, SequenceModel, count_parameters

WIDTH, BATCH, SYMBOLS = 64, 4, 32
STEPS = 8  # single steps that are timed together


@dataclass(frozen=True)
class Cost:
    """One architecture after `steps` steps of input."""

    arch: str
    steps: int  # T
    train: list[
        float
    ]  # seconds of a core: forward and backward over T steps, BATCH sequences, one for each repeat
    step: list[float]  # seconds of a core: one more step after T
    kept: int  # bytes that the forward over T steps keeps for the backward, for each sequence
    state: int  # bytes of the state of one sequence after T steps


def model(arch: str) -> SequenceModel:
    """Build one plain layer of an architecture."""
    torch.manual_seed(0)
    return SequenceModel(arch, SYMBOLS, SYMBOLS, d_model=WIDTH, num_layers=1)


def weights(arch: str, width: int = WIDTH) -> int:
    """Count the weights of one layer of an architecture, and of nothing else."""
    block = SequenceModel(arch, SYMBOLS, SYMBOLS, d_model=width, num_layers=1).blocks[0]
    assert isinstance(block, Block)
    return count_parameters(block.mixer)


def saving(small: str, large: str, widths: Sequence[int] = (32, 64, 192, 512)) -> list[Fraction]:
    """Return the exact ratio of the weights of two architectures at several widths."""
    return [Fraction(weights(small, width), weights(large, width)) for width in widths]


def costs(architectures: Sequence[str], lengths: Sequence[int], repeats: int, path: Path) -> list[Cost]:
    """Measure every architecture at every length, in turn, or read what was measured with the same options."""
    asked = {"architectures": list(architectures), "lengths": list(lengths), "repeats": repeats}
    try:
        stored = json.loads(path.read_text())
        if stored["asked"] == asked:
            return [Cost(**cost) for cost in stored["costs"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nothing there, or not ours: measure
    torch.set_num_threads(1)
    found = [cost(arch, steps, repeats) for steps in lengths for arch in architectures]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"asked": asked, "costs": [asdict(one) for one in found]}))
    return found


def cost(arch: str, steps: int, repeats: int) -> Cost:
    """Measure one architecture at one length."""
    built = model(arch)
    tokens = torch.randint(SYMBOLS, (BATCH, steps))

    def train() -> None:
        built(tokens)[0].square().mean().backward()

    with torch.inference_mode():
        _, state = built(tokens[:1])
        next_token = tokens[:1, :1]

    def walk() -> None:
        with torch.inference_mode():
            for _ in range(STEPS):
                built.advance(next_token, state)

    taken = [seconds / STEPS for seconds in timed(walk, repeats, process_time)]
    trained = timed(train, repeats, process_time)
    return Cost(arch, steps, trained, taken, _kept(built, tokens) // BATCH, state_bytes(state))


def _kept(built: SequenceModel, tokens: Tensor) -> int:
    """Return the bytes of what autograd saves, each storage once, the weights left out."""
    weights = {weight.untyped_storage().data_ptr() for weight in built.parameters()}
    saved = dict[int, UntypedStorage]()  # held, so that no two share an address

    def save(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        built(tokens)[0].square().mean()
    return sum(storage.nbytes() for storage in saved.values())


def growth(found: Sequence[Cost], arch: str) -> tuple[list[int], list[Cost]]:
    """Return the lengths and costs of one architecture."""
    mine = sorted((one for one in found if one.arch == arch), key=lambda one: one.steps)
    return [one.steps for one in mine], mine

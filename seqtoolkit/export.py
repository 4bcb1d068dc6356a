"""A trained model as two programs that need no seqtoolkit: the first step, and every later one with its state.

`first` reads (B, 1) tokens or (B, 1, F) features and returns scores (B, V) and a state; `next` reads the same and a
state. State is explicit: whoever serves the model keeps it, for as many sequences at once as they like. Features are
read, and values returned, in the user's own units and double precision, as small changes of large numbers need: the
scaling of training is inside.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.utils import _pytree

from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.mixer import State
from seqtoolkit.model import SequenceModel

ROWS, STEPS = 3, 4  # of the batch that is traced: no size of its own; steps after which programs are compared
TOLERANCE = 1e-5


class Served(nn.Module):
    """One step of a model: from the user's inputs to scores, or values in the user's units."""

    def __init__(self, model: SequenceModel, spec: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        self.inputs = _units(spec.get("inputs"), spec.get("num_features", 0))
        self.outputs = _units(spec.get("outputs"))
        self.sorts = spec.get("target") == "quantiles"  # they may cross; `predict` writes them in order, too

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map (B, 1) tokens or (B, 1, F) features, and a state, to (B, V) and the state after them."""
        if self.inputs is not None:
            inputs = ((inputs - self.inputs["center"]) / self.inputs["scale"]).float()
        scores, state = self.model.advance(inputs, state)
        if self.outputs is not None:
            each = scores.double().view(scores.shape[0], self.outputs["center"].shape[0], -1)  # (B, K, Q)
            each = each * self.outputs["scale"].unsqueeze(-1) + self.outputs["center"].unsqueeze(-1)
            scores = (each.sort(-1).values if self.sorts else each).flatten(1)
        return scores, state


class _First(nn.Module):
    def __init__(self, served: Served) -> None:
        super().__init__()
        self.served = served

    def forward(self, inputs: Tensor) -> tuple[Tensor, State]:
        result: tuple[Tensor, State] = self.served(inputs)
        return result


def programs(checkpoint: Checkpoint) -> dict[str, ExportedProgram]:
    """Return the programs `first` and `next`, by torch.export, for any number of sequences at once.

    Raises ValueError when its steps depend on how many there were.
    """
    served = served_model(checkpoint)
    inputs = drawn(checkpoint, ROWS, 1)[:, :1]
    rows = {0: Dim.AUTO}
    try:
        with quietly():
            first = torch.export.export(_First(served), (inputs,), dynamic_shapes=(rows,))
            state = served(inputs, served(inputs)[1])[1]
            sizes = _pytree.tree_map(lambda part: dict.fromkeys(range(part.ndim), Dim.AUTO), state)
            later = torch.export.export(served, (inputs, state), dynamic_shapes=(rows, sizes))
    except Exception as error:  # whatever a plugin does that cannot be traced
        raise ValueError(
            f"{checkpoint.arch} cannot be exported: torch.export says {first_line(error)!r}"
        ) from error
    return {"first": first, "next": later}


def served_model(checkpoint: Checkpoint) -> Served:
    """Return the steps of a checkpoint's model, which has no encoder, as they are served."""
    assert isinstance(checkpoint.model, SequenceModel)
    return Served(copy.deepcopy(checkpoint.model), checkpoint.described.spec).eval().requires_grad_(False)


def drawn(checkpoint: Checkpoint, rows: int, steps: int) -> Tensor:
    """Return inputs (B, T) or (B, T, F) for a comparison, the same each time."""
    spec, generator = checkpoint.described.spec, torch.Generator().manual_seed(0)
    if size := spec.get("vocab_size", 0):
        return torch.randint(size, (rows, steps), generator=generator)
    inputs = torch.randn(rows, steps, spec["num_features"], generator=generator)
    units = _units(spec.get("inputs"), spec["num_features"])
    return inputs if units is None else inputs * units["scale"] + units["center"]


def difference(checkpoint: Checkpoint, first: Any, later: Any) -> float:
    """Compare two callables, `first` and `next`, with the model over STEPS steps of several batch sizes.

    Returns the largest difference of scores and states, relative to the largest value of each; infinite where a program
    fails.
    """
    served, largest = served_model(checkpoint), 0.0
    for rows in (1, 2, ROWS + 2):
        state = found = None
        for step in torch.split(drawn(checkpoint, rows, STEPS), 1, 1):
            expected, state = served(step, state)
            try:
                given, found = first(step) if found is None else later(step, found)
            except Exception:  # a program that was traced for some states only refuses the others
                return float("inf")
            largest = max(largest, apart(given, expected), *map(apart, leaves(found), leaves(state)))
    return largest


def leaves(state: State) -> list[Tensor]:
    """Return the tensors of a state in the order in which exported programs have them."""
    found: list[Tensor] = _pytree.tree_leaves(state)
    return found


def apart(found: Tensor, expected: Tensor) -> float:
    """Return the largest difference of two tensors, relative to the largest value; infinite for other shapes."""
    if found.shape != expected.shape:
        return float("inf")
    if not expected.numel():
        return 0.0
    found, expected = found.double(), expected.double()  # masks are compared, too
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1))


def first_line(error: BaseException) -> str:
    """Return what an error says first, or its name."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _units(unit: dict[str, Any] | None, width: int = 0) -> nn.ParameterDict | None:
    """Return what was fitted in training as constants that travel with the program.

    Features beyond the channels, up to `width`, are marks of what was missing: they are read as they are.
    """
    if not unit or not scaled(unit):
        return None
    marks = max(0, width - len(unit["center"]))
    parts = {"center": [*unit["center"], *[0.0] * marks], "scale": [*unit["scale"], *[1.0] * marks]}
    return nn.ParameterDict(
        {
            name: nn.Parameter(torch.tensor(part, dtype=torch.float64), requires_grad=False)
            for name, part in parts.items()
        }
    )


def scaled(unit: dict[str, Any]) -> bool:
    """Say whether values have units of their own, and so double precision; 0/1 rolls, for one, have none."""
    return "center" in unit


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the exporter's notes on its own internals to itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

"""How the inputs, outputs and state of exported programs are laid out: the part of model.json that a caller needs."""

from __future__ import annotations

from typing import Any

import torch

from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.codec import Codec
from seqtoolkit.export import drawn, leaves, scaled, served_model

UNITS = "in the user's units"
SCORES = {
    "classes": "scores of classes: softmax makes them probabilities",
    "labels": "scores of labels: the sigmoid of each is its probability",
    "values": f"values {UNITS}",
    "quantiles": f"quantiles {UNITS}, ascending for each value",
}


def layout(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return {"calls", "inputs", "outputs", "state"} as plain values.

    In shapes, "B" counts the sequences and "T" the steps before. A program of ONNX has the tensors of the state as
    inputs and outputs of their own, in the order of `state`, behind the others.
    """
    spec = checkpoint.described.spec
    return {
        "calls": {"first": "inputs -> outputs, state", "next": "inputs, state -> outputs, state"},
        "inputs": _inputs(spec),
        "outputs": {
            "shape": ["B", spec["num_classes"]],
            "dtype": _precision(spec.get("outputs", {})),
            "columns": columns(spec),
            "what": SCORES[spec.get("target", "classes")],
        },
        "state": _state(checkpoint),
    }


def columns(spec: dict[str, Any]) -> list[str] | None:
    """Name each column of the outputs: a class, a label, a value, or a quantile of one; None where none has a name."""
    target = spec.get("target", "classes")
    if target != "classes":
        names = spec.get("outputs", {}).get("names")
        levels = spec["quantiles"] if target == "quantiles" else []
        return [f"{name} {level:g}" for name in names for level in levels] if names and levels else names
    if "classes" in spec:
        return list(spec["classes"])
    if "codec" not in spec:
        return None
    codec = Codec.from_dict(spec["codec"])
    return list(codec.labels or codec.symbols[codec.offset :])[: spec["num_classes"]]


def _inputs(spec: dict[str, Any]) -> dict[str, Any]:
    if spec.get("vocab_size"):
        return {
            "shape": ["B", 1],
            "dtype": "int64",
            "what": "token ids: places in spec.codec.symbols, if it has them",
        }
    channels = spec.get("inputs", {}).get("channels")
    marks = [f"{name} known" for name in spec.get("masked", [])]
    return {
        "shape": ["B", 1, spec["num_features"]],
        "dtype": _precision(spec.get("inputs", {})),
        "columns": [*channels, *marks] if channels else None,
        "what": f"features {UNITS}, none missing",
    }


def _precision(unit: dict[str, Any]) -> str:
    return "float64" if scaled(unit) else "float32"


@torch.no_grad()
def _state(checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """Describe the tensors of a state, by what changes with the sequences and what with the steps."""
    served = served_model(checkpoint)
    one, rows, steps = (leaves(served(drawn(checkpoint, *sizes))[1]) for sizes in ((2, 2), (3, 2), (2, 3)))
    return [
        {
            "shape": [
                "B" if size != row else "T" if size != step else size
                for size, row, step in zip(part.shape, more.shape, later.shape, strict=True)
            ],
            "dtype": str(part.dtype).removeprefix("torch."),
        }
        for part, more, later in zip(one, rows, steps, strict=True)
    ]

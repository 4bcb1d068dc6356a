"""How the programs of an encoder-decoder are laid out and decoded: the part of model.json that a caller needs."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree

from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.export_layout import SCORES, columns
from seqtoolkit.export_pairs_steps import begun, drawn, taken_apart

HOW = (
    "first(source, lengths) has read the separator: its outputs are of the first symbol. Take the class with the"
    " largest score; stop at end_class, or after max_steps classes; next reads the token class + offset, what `first`"
    " returned as known, and the latest state"
)
READ = (
    "source tokens: places in decoding.symbols, the first of equal names; padded on the right, by any number"
)


def layout(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what a caller needs as plain values.

    In shapes, "B" counts the sources, "S" the tokens of the longest, and "T" the decoder's steps before, the separator
    included. `known` and `state` are flat tuples; a program of ONNX has their tensors as inputs and outputs of their
    own, in this order, behind the others.
    """
    spec = checkpoint.described.spec
    known, state = _tensors(checkpoint)
    return {
        "calls": {
            "first": "source, lengths -> outputs, known, state",
            "next": "inputs, known, state -> outputs, state",
        },
        "source": _tokens(["B", "S"], READ),
        "lengths": _tokens(["B"], "tokens of each source without padding, 1 to S"),
        "inputs": _tokens(["B", 1], "tokens of the classes that were answered last: class + decoding.offset"),
        "outputs": {
            "shape": ["B", spec["num_classes"]],
            "dtype": "float32",
            "columns": columns(spec),
            "what": SCORES["classes"],
        },
        "known": known,
        "state": state,
        "decoding": _decoding(checkpoint),
    }


def _tokens(shape: list[Any], what: str) -> dict[str, Any]:
    return {"shape": shape, "dtype": "int64", "what": what}


def _decoding(checkpoint: Checkpoint) -> dict[str, Any]:
    """Say how a text is answered greedily, by one who knows nothing else; a token is a place in `symbols`."""
    codec = checkpoint.codec
    return {
        "how": HOW,
        "symbols": list(codec.symbols),
        "offset": codec.offset,
        "separator": codec.separator,
        "end": codec.end,
        "end_class": codec.end_class,
        "max_steps": checkpoint.described.spec.get("max_steps"),
        "unknown": codec.unknown or None,
        "source_is": "words, split at spaces" if codec.words else "characters",
        "answer_is": "symbols, joined with spaces"
        if codec.answer_words
        else "symbols, joined without spaces",
    }


@torch.no_grad()
def _tensors(checkpoint: Checkpoint) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Describe what is known and the state, by what changes with the sources, with their length, and with the steps."""
    model = checkpoint.model
    assert isinstance(model, EncoderDecoder)

    def named(rows: int, longest: int, steps: int) -> list[list[tuple[Any, Tensor]]]:
        standing = begun(model, *drawn(model, rows, longest))[1]
        for _ in range(steps):
            standing = model.advance(torch.full((rows, 1), model.offset), standing)[1]
        return [_pytree.tree_flatten_with_path(part)[0] for part in taken_apart(standing)]

    sizes = {"": (2, 3, 1), "B": (3, 3, 1), "S": (2, 4, 1), "T": (2, 3, 2)}
    known, state = (
        [_described(dict(zip(sizes, each, strict=True))) for each in zip(*parts, strict=True)]
        for parts in zip(*(named(*size) for size in sizes.values()), strict=True)
    )
    return known, state


def _described(found: dict[str, tuple[Any, Tensor]]) -> dict[str, Any]:
    """Describe a tensor, from what it is at the sizes of "", and where each of the others is larger."""
    path, part = found.pop("")
    shape = [
        next((name for name, (_, other) in found.items() if other.shape[axis] != size), size)
        for axis, size in enumerate(part.shape)
    ]
    name = ".".join(re.findall(r"\w+", _pytree.keystr(path)))
    return {"name": name, "shape": shape, "dtype": str(part.dtype).removeprefix("torch.")}

"""A trained encoder-decoder as two programs that need no seqtoolkit, traced and compared with the model.

`first` reads (B, S) source tokens and their lengths (B,), and the separator; it returns scores (B, V), what is known of
the sources, which no step changes, and a state. `next` reads (B, 1) tokens, what is known and a state, and returns
scores and a state. What is known and the state are flat tuples of tensors.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.export import apart, first_line, leaves
from seqtoolkit.export_pairs_parts import SOURCES, STEPS, refusal, traced
from seqtoolkit.export_pairs_steps import First, Next, begun, drawn, taken_apart
from seqtoolkit.export_scan import free_lengths

# rows and longest source of the batches that are compared
SIZES = ((1, 1), (1, 2), (2, STEPS), (SOURCES + 2, 11))
ANSWERED = 8  # symbols that are compared


@torch.no_grad()
def programs(checkpoint: Checkpoint) -> dict[str, ExportedProgram]:
    """Return the programs `first` and `next`, by torch.export, for any number of sources of any length.

    Raises ValueError, with the option that chose it, when a part of the model cannot be traced.
    """
    model = checkpoint.model
    assert isinstance(model, EncoderDecoder)
    source, lengths = drawn(model, SOURCES, STEPS)
    token = torch.full((SOURCES, 1), model.offset)
    after = model.advance(token, begun(model, source, lengths)[1])[1]
    known, state = (tuple(leaves(part)) for part in taken_apart(after))
    first, later = First(model), Next(model, after)
    free_lengths(first.model.encoder)
    try:
        return {"first": traced(first, source, lengths), "next": traced(later, token, known, state)}
    except Exception as error:  # whatever a plugin does that cannot be traced
        raise ValueError(
            f"{checkpoint.described} cannot be exported: {refusal(checkpoint, first.model)}; torch.export says"
            f" {first_line(error)!r}"
        ) from error


@torch.no_grad()
def difference(checkpoint: Checkpoint, first: Any, later: Any) -> float:
    """Let two callables, `first` and `next`, answer sources greedily, and the model too.

    Returns the largest difference of scores and states, relative to the largest value of each; infinite where other
    symbols are answered, or a program fails.
    """
    model, largest = checkpoint.model, 0.0
    assert isinstance(model, EncoderDecoder)
    for rows, longest in SIZES:
        sources = drawn(model, rows, longest)
        expected, count = _by_model(model, *sources)
        try:
            found = _by_programs(first, later, *sources, count, model.offset)
        except Exception:  # a program that was traced for some sizes only refuses the others
            return float("inf")
        for one, other in zip(found, expected, strict=True):
            if not one[0].argmax(-1).equal(other[0].argmax(-1)):
                return float("inf")
            largest = max(largest, *map(apart, one, other))
    return largest


def _by_model(model: EncoderDecoder, source: Tensor, lengths: Tensor) -> tuple[list[list[Tensor]], int]:
    """Return scores, what is known and the state at each step, and how many tensors are known."""
    scores, standing = begun(model, source, lengths)
    steps = []
    for _ in range(ANSWERED):
        steps.append([scores, *leaves(taken_apart(standing))])
        scores, standing = model.advance(scores.argmax(-1, keepdim=True) + model.offset, standing)
    return steps, len(leaves(taken_apart(standing)[0]))


def _by_programs(
    first: Any, later: Any, source: Tensor, lengths: Tensor, count: int, offset: int
) -> list[list[Tensor]]:
    """Return the same of the programs, whose results are flat or not."""
    scores, *kept = leaves(first(source, lengths))
    known, state = kept[:count], kept[count:]
    steps = []
    for _ in range(ANSWERED):
        steps.append([scores, *known, *state])
        token = scores.argmax(-1, keepdim=True) + offset
        scores, *state = leaves(later(token, tuple(known), tuple(state)))
    return steps

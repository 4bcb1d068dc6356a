"""What is measured: sequences that a view can read, in batches that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from seqtoolkit.retention.drive import check_causal, check_lags
from seqtoolkit.retention.statistics import LEAST, check_sequences
from seqtoolkit.retention.view import View

STEPS = 32_768  # of a batch: bounds the memory of what a forward keeps
ROWS = 16  # of a batch at least: with fewer, a step of a recurrent model takes as long


def checked(view: View, inputs: Tensor, lags: Sequence[int], together: int = 1, least: int = LEAST) -> Tensor:
    """Return N sequences (N, T) or (N, T, F), on the device and in the precision of the model.

    Raises ValueError when the model cannot read them, they have values that are not finite, a lag lies beyond them,
    there are too few for an interval (`least`, with as many `together` as make one observation), or the model diverged
    or is not causal.
    """
    tokens = view.num_features == 0
    if inputs.dim() != (2 if tokens else 3) or (not tokens and inputs.shape[2] != view.num_features):
        expected = "tokens (N, T)" if tokens else f"features (N, T, {view.num_features})"
        raise ValueError(f"the model reads {expected}, the inputs are {tuple(inputs.shape)}")
    check_lags(lags, inputs.shape[1])
    if tokens and (inputs.is_floating_point() or inputs.min() < 0 or inputs.max() >= view.vocab_size):
        raise ValueError(
            f"the inputs have tokens from {inputs.min()} to {inputs.max()}; this model reads whole numbers from 0 to"
            f" {view.vocab_size - 1}"
        )
    if not tokens and not inputs.isfinite().all():
        row, step = (int(i) for i in (~inputs.isfinite()).any(-1).nonzero()[0])
        raise ValueError(
            f"the inputs have values that are not finite, the first one in sequence {row} at step {step};"
            " mend or leave out what is missing"
        )
    what = "an interval" if together == 1 else f"an interval where {together} make one"
    check_sequences(len(inputs) // together, what, 1 / together, least)
    weight = next(view.model.parameters())
    inputs = inputs.to(weight.device) if tokens else inputs.to(weight)
    with torch.no_grad():
        finite(view, view.features(view.embed(inputs[:1])))
    check_causal(view, inputs)
    return inputs


def batches(n: int, steps: int, multiple: int = 1, together: int = STEPS) -> Iterator[slice]:
    """Cut n sequences of `steps` into batches of `together` steps at most, or of ROWS sequences; whole `multiple`s."""
    size = max(ROWS, together // steps) // multiple * multiple
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def finite(view: View, features: Tensor) -> Tensor:
    """Return the features (..., D), or raise ValueError: those of a model that diverged are not finite."""
    if not torch.isfinite(features).all():
        raise ValueError(
            f"the features of this {type(view.model).__name__} are not finite: its weights have diverged;"
            " measure an earlier checkpoint"
        )
    return features

"""What drives a model that is measured: independent inputs and lags that fit them; tests of variety and causality."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from seqtoolkit.retention.view import View

ROUNDING = 1e-5  # of the largest feature: a change of the past below it is arithmetic, not a leak


def drive(view: View, n: int, steps: int, seed: int, symbols: Sequence[int] | None = None) -> Tensor:
    """Draw n sequences of independent inputs: uniform tokens (n, steps) among `symbols`, or normal features.

    The same on every device. Raises ValueError for a size below 1 and for symbols that the model cannot read.
    """
    if n < 1 or steps < 1:
        raise ValueError(f"a drive of {n} sequences of {steps} steps is empty; both must be at least 1")
    generator = torch.Generator().manual_seed(seed)
    if view.num_features:
        return torch.randn(n, steps, view.num_features, generator=generator).to(view.device)
    known = torch.arange(view.vocab_size) if symbols is None else torch.tensor(list(symbols))
    if (
        len(known) < 2
        or len(set(known.tolist())) < len(known)
        or known.min() < 0
        or known.max() >= view.vocab_size
    ):
        raise ValueError(
            f"symbols {known.tolist()!s:.60} cannot drive this model:"
            f" give at least 2 different token ids from 0 to {view.vocab_size - 1}"
        )
    return known[torch.randint(len(known), (n, steps), generator=generator)].to(view.device)


@torch.no_grad()
def check_causal(view: View, inputs: Tensor) -> None:
    """Raise ValueError when a change of the future changes what the model makes of the past.

    Inputs (B, T) or (B, T, F) are exchanged between sequences after each of three steps.
    """
    inputs, steps = inputs[:8], inputs.shape[1]
    before = view.features(view.embed(inputs))
    limit = ROUNDING * float(before.abs().max())
    for cut in sorted({max(1, steps // 4), max(1, steps // 2), steps - 1} - {0, steps}):
        changed = inputs.clone()
        changed[:, cut:] = _other(view, inputs[:, cut:])
        moved = float((view.features(view.embed(changed)) - before)[:, :cut].abs().max())
        if not moved <= limit:
            raise ValueError(
                f"the model is not causal: changing its inputs from step {cut} on moved its features before it by"
                f" {moved:.2g}; retention by lag is defined for causal models only"
            )


def check_varied(parts: Sequence[Tensor], as_in: str = "drive(view, n, steps, seed) draws them") -> None:
    """Raise ValueError when all sequences are the same: parts of (B, T) or (B, T, F), one or more."""
    one = parts[0][:1]
    if all(part.shape[1:] == one.shape[1:] and bool((part == one).all()) for part in parts):
        raise ValueError(
            f"the inputs do not vary: all {sum(map(len, parts))} sequences are the same, so an interval over them says"
            f" nothing; give independent ones, as {as_in}"
        )


def check_lags(lags: Sequence[int], steps: int) -> None:
    """Raise ValueError unless the lags are whole numbers, 0 or more, ascending, and shorter than the sequences."""
    if not len(lags) or not all(isinstance(lag, int) and not isinstance(lag, bool) for lag in lags):
        raise ValueError(f"lags are {list(lags)!s:.60}; give at least one whole number, as in --lags 1,2,4,8")
    if lags[0] < 0 or any(a >= b for a, b in pairwise(lags)):
        raise ValueError(f"lags are {list(lags)!s:.60}; they must be 0 or more and ascending")
    if lags[-1] >= steps:
        raise ValueError(
            f"lag {lags[-1]} lies beyond sequences of {steps} steps;"
            f" use lags up to {steps - 1}, or sequences of {lags[-1] + 1} steps or more"
        )


def _other(view: View, inputs: Tensor) -> Tensor:
    """Return inputs that differ from the given ones at each step."""
    return -inputs - 1 if view.num_features else (inputs + 1) % view.vocab_size

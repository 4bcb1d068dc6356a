"""timescale: what is the structure built for? How long its channels keep their past, by their own gates.

A channel that multiplies its past by a_t has the time constant tau = -1 / E[ln a] (Tallec & Ollivier 2018), and forgets
half of it in tau ln 2 steps. What is kept of an input may still be of no use, and what a channel forgets may be written
anew: this is structure, not memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.mixer import SequenceMixer
from seqtoolkit.retention.drive import check_varied
from seqtoolkit.retention.measured import batches, checked
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.statistics import INTERVAL, curve_horizon, sequence_interval
from seqtoolkit.retention.view import View

KEPT = 0.5  # the horizon ends where less is kept

Floats = NDArray[np.float64]


@torch.no_grad()
def timescale(
    view: View,
    inputs: Tensor,
    lags: Sequence[int],
    *,
    seed: int = 0,
    drive: str = "iid",
) -> list[Record]:
    """Measure what share of the past its channels keep over the last k steps: E[a_T a_(T-1) ... a_(T-k+1)].

    The curve is the mean over the channels of every block. `blocks` in the settings has the curve of each block, and
    the `half_lives` of its channels in steps, at most `longest`: a factor nearer to 1 than that rounds to 1.
    The null is what a model without memory keeps, 0.

    Args:
        inputs: (N, T) tokens or (N, T, F) features.
        lags: 0 or more, ascending, less than T.
        seed: of nothing; in the record like that of the other protocols.
        drive: the name of the data.

    Raises ValueError: the inputs or lags cannot be measured, the inputs do not vary, the model is not causal, or the
    architecture traces no `retention`.
    """
    inputs = checked(view, inputs, lags)
    check_varied([inputs])
    found = [_kept(view, inputs[rows], lags) for rows in batches(*inputs.shape[:2])]
    curves = np.concatenate([kept for kept, _ in found])  # (N, L, K)
    logs = sum(total for _, total in found) / (inputs.shape[0] * inputs.shape[1])  # (L, D): E[ln a]
    assert isinstance(logs, np.ndarray)
    longest = -math.log(2) / math.log1p(-torch.finfo(next(view.model.parameters()).dtype).eps / 2)
    return [_record(view, lags, curves, np.minimum(half_lives(logs), longest), longest, seed, drive)]


def half_lives(logs: Floats) -> Floats:
    """Return after how many steps half is kept, from E[ln a]."""
    with np.errstate(divide="ignore"):
        lives: Floats = math.log(2) / np.abs(logs)
    return lives


def _kept(view: View, inputs: Tensor, lags: Sequence[int]) -> tuple[Floats, Floats]:
    """Return the mean share kept of each sequence and block at each lag, (B, L, K), and the sum of ln a, (L, D)."""
    curves, totals = [], []
    for trace in view.trace(inputs):
        factors = _factors(view, trace)
        logs = factors.double().clamp(min=torch.finfo(factors.dtype).tiny).log()  # (B, T, D)
        sums = torch.nn.functional.pad(logs.flip(1).cumsum(1), (0, 0, 1, 0))  # (B, T + 1, D), over the last k
        curves.append(sums[:, list(lags)].exp().mean(-1).cpu().numpy())
        totals.append(logs.sum((0, 1)).cpu().numpy())
    return np.stack(curves, 1), np.stack(totals)


def _factors(view: View, trace: dict[str, Tensor]) -> Tensor:
    """Return the retention (B, T, D) of a trace, or raise ValueError that names the architecture."""
    part = view.model if view.part == "model" else view.model.get_submodule(view.part)
    name = next(type(module).__name__ for module in part.modules() if isinstance(module, SequenceMixer))
    if "retention" not in trace:
        has = ", ".join(sorted(trace)) or "nothing"
        raise ValueError(
            f"{name} traces {has} and no 'retention': no factor by which its channels keep their past, so it has no"
            " time constants; measure another protocol"
        )
    factors = trace["retention"]
    if not ((factors >= 0) & (factors <= 1)).all():
        raise ValueError(
            f"the retention that {name} traces is to lie from 0 to 1; found {float(factors.min()):.3g}"
            f" to {float(factors.max()):.3g}: its trace is wrong, or its weights have diverged"
        )
    return factors


def _record(
    view: View, lags: Sequence[int], curves: Floats, lives: Floats, longest: float, seed: int, drive: str
) -> Record:
    kept = curves.mean(1)
    lower, upper = sequence_interval(kept)
    blocks: list[dict[str, Any]] = [
        {"curve": curve.mean(0).tolist(), "half_lives": each.tolist()}
        for curve, each in zip(curves.swapaxes(0, 1), lives, strict=True)
    ]
    return Record(
        protocol="timescale",
        unit="share kept",
        lags=list(lags),
        estimate=kept.mean(0).tolist(),
        lower=lower.tolist(),
        upper=upper.tolist(),
        null=[0.0] * len(lags),
        n=[len(kept)] * len(lags),
        horizon=curve_horizon(lags, kept, 0.0, KEPT),
        seed=seed,
        settings={
            "interval": INTERVAL,
            "part": view.part,
            "drive": drive,
            "null": "a model without memory",
            "margin": KEPT,
            "longest": longest,
            "half_life": float(np.median(lives)),
            "blocks": blocks,
        },
    )

"""Student's t distribution, exactly, for whole degrees of freedom. Numpy only: no torch, no scipy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def t_tail(t: float | Sequence[float] | Floats, dof: int) -> Floats:
    """Return P(T > t) of Student's distribution with a whole number of degrees of freedom, at least 1.

    Exactly, as a finite sum (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4); good to 1e-15, not relatively.
    """
    angle = np.arctan(np.asarray(t, dtype=np.float64) / math.sqrt(dof))
    odd = dof % 2
    steps = np.arange(2 if odd else 1, dof - 1, 2, dtype=np.float64)  # of the ratios of terms
    ratios = np.cos(angle)[..., None] ** 2 * (steps / (steps + 1))
    terms = 1 + np.cumprod(ratios, -1).sum(-1)
    if odd:
        sines = np.sin(angle) * np.cos(angle) * terms if dof > 1 else 0.0
        central = 2 / math.pi * (angle + sines)
    else:
        central = np.sin(angle) * terms
    tail: Floats = np.clip((1 - central) / 2, 0, 1)
    return tail


@lru_cache
def t_quantile(probability: float, dof: int) -> float:
    """Return t with P(T <= t) = probability, between 0.5 and 1, by bisection."""
    low, high = 0.0, 1.0
    while t_tail(high, dof) > 1 - probability:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, dof) > 1 - probability else (low, middle)
    return high

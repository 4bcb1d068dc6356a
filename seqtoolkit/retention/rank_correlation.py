"""Spearman's rank correlation, with ties shared (numpy only)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[Any]


def spearman(a: Vector, b: Vector) -> float:
    """Return the correlation of the ranks of two vectors (N,), in [-1, 1]; NaN when one of them is constant."""
    x, y = ranks(a), ranks(b)
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else float("nan")


def ranks(values: Vector) -> Vector:
    """Rank a vector (N,) from 1; equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return (last - (counts - 1) / 2)[place]

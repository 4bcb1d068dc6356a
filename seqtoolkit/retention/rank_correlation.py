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


def row_correlations(a: Vector, b: Vector) -> Vector:
    """Return the correlation of the rows of two arrays (..., N) that broadcast, (...); NaN where one is constant.

    Of `row_ranks` it is `spearman`.
    """
    x, y = a - a.mean(-1, keepdims=True), b - b.mean(-1, keepdims=True)
    scale = np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    product: Vector = (x * y).sum(-1)
    result: Vector = np.divide(product, scale, out=np.full(product.shape, np.nan), where=scale > 0)
    return result


def row_ranks(values: Vector) -> Vector:
    """Return `ranks` of each row of an array (..., N), by comparing all pairs: for small N."""
    one, other = values[..., :, None], values[..., None, :]
    result: Vector = (other < one).sum(-1) + ((other == one).sum(-1) + 1) / 2
    return result

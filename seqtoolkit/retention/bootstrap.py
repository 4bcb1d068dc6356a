"""Bootstrap over sequences, and the bins of lengths over which a measure is followed. Numpy only: no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.retention.statistics import ALPHA
from seqtoolkit.retention.statistics import LEAST as LEAST

RESAMPLES = 1_000
_AT_ONCE = 2_000_000  # draws in memory

Floats = NDArray[np.float64]


def resampled_sums(table: NDArray[Any], resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """Draw N of the N rows of a table (N, K) with replacement, `resamples` times; return the sums (resamples, K).

    The rows are sequences, each the counts from which a measure follows once they are added up. All columns share
    the draws. N is at least 1.
    """
    n, random = len(table), np.random.default_rng(seed)
    sums = np.empty((resamples, table.shape[1]))
    step = max(1, _AT_ONCE // n)
    for start in range(0, resamples, step):
        draws = random.integers(0, n, (min(step, resamples - start), n))
        times = np.stack([np.bincount(row, minlength=n) for row in draws])
        sums[start : start + step] = times.astype(np.float64) @ table
    return sums


def percentile_interval(estimate: float, resampled: Floats) -> tuple[float, float]:
    """Return the 95 % percentile interval (Efron 1979); it holds the estimate."""
    low, high = np.quantile(resampled, [ALPHA / 2, 1 - ALPHA / 2])
    return min(float(low), estimate), max(float(high), estimate)


def mean_interval(values: Floats) -> tuple[float, float, float]:
    """Return the mean of one value from each of N sequences (N at least 1), and its 95 % bootstrap interval."""
    estimate = float(values.mean())
    return estimate, *percentile_interval(estimate, resampled_sums(values[:, None])[:, 0] / len(values))


def length_bins(lengths: NDArray[np.int64], least: int = LEAST) -> list[tuple[int, int]]:
    """Cut the lengths that occur into bins (shortest, longest), ascending, of at least `least` sequences each.

    A length with as many is a bin of its own unless a shorter remainder joins it; what is left at the end joins the
    last bin. Only when there are fewer sequences in all does the one bin have fewer.
    """
    bins: list[tuple[int, int]] = []
    low, held = None, 0
    for length, count in zip(
        *(part.tolist() for part in np.unique(lengths, return_counts=True)), strict=True
    ):
        low, held = length if low is None else low, held + count
        if held >= least:
            bins.append((low, length))
            low, held = None, 0
    if low is not None:
        rest = (bins.pop()[0] if bins else low, int(lengths.max()))
        bins.append(rest)
    return bins

"""The sign-flip test: is a mean over sequences above what it would be without an effect? Numpy only: no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLIPS = 9_999
_AT_ONCE = 2_000_000  # signs in memory

Floats = NDArray[np.float64]


def sign_flip(differences: Floats, flips: int = FLIPS, seed: int = 0) -> Floats:
    """Return for each column of differences (N, K), rows are sequences, how probable a mean so large is, (K,).

    Without an effect a difference is as likely as its opposite (Fisher 1935), so the signs of whole rows are drawn
    anew `flips` times. The observed signs count as one draw: no p-value is 0, and that of no difference at all is 1.
    """
    n = len(differences)
    random, observed = np.random.default_rng(seed), differences.sum(0)
    slack = 1e-12 * np.abs(differences).sum(0)  # the same sum in another order is as large
    above, step = np.ones(differences.shape[1]), max(1, _AT_ONCE // n)
    for start in range(0, flips, step):
        signs = random.integers(0, 2, (min(step, flips - start), n)) * 2.0 - 1.0
        above += (signs @ differences >= observed - slack).sum(0)
    p_values: Floats = above / (flips + 1)
    return p_values

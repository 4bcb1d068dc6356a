"""Capacity: what is counted, what its interval covers, and what is impossible."""

from __future__ import annotations

import numpy as np
import pytest

from seqtoolkit.retention.capacity import memory_capacity
from seqtoolkit.retention.statistics import Floats


def measured(truth: list[float], n: int, seed: int) -> tuple[Floats, Floats]:
    """Draw what each of n sequences says of correlations, and what exchanged ones say."""
    random = np.random.default_rng(seed)
    return np.array(truth) + random.normal(size=(n, len(truth))) / 5, random.normal(size=(n, len(truth))) / 5


def test_noise_has_no_capacity() -> None:
    """METHODS: the uncorrected sum reports many units of it."""
    found = [memory_capacity(*measured([0.0] * 200, 40, seed), rank=100) for seed in range(100)]
    assert np.mean([one.uncorrected for one in found]) == pytest.approx(200 / 40 / 25, rel=0.1)
    assert np.mean([one.estimate for one in found]) < 0.01
    assert np.mean([one.counted / 200 for one in found]) == pytest.approx(0.001, abs=0.0015)
    assert np.mean([one.unbiased for one in found]) == pytest.approx(0, abs=0.01)


def test_the_interval_covers_the_sum_of_all() -> None:
    truth = [0.9, 0.5, 0.3, 0.1, 0.05, *[0.0] * 20]
    total = sum(one**2 for one in truth)
    found = [memory_capacity(*measured(truth, 60, seed), rank=2) for seed in range(400)]
    assert 0.92 <= np.mean([one.lower <= total <= one.upper for one in found]) <= 0.98
    assert all(one.lower <= one.estimate <= one.upper for one in found)


def test_a_full_memory_is_no_violation_and_more_is() -> None:
    full = np.ones((40, 3))
    rest, nothing = measured([0.0] * 50, 40, 0)
    correlations = np.concatenate([full, rest], 1)
    exchanged = np.concatenate([nothing[:, :3], nothing], 1)
    assert memory_capacity(correlations, exchanged, rank=3).counted >= 3
    with pytest.raises(RuntimeError, match=r"capacity of 3.* exceeds the rank 2"):
        memory_capacity(correlations, exchanged, rank=2)
    assert memory_capacity(0 * full, 0 * full, rank=0).to_dict()["estimate"] == 0

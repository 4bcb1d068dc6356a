"""The horizon of a curve over sequences: its interval covers the true one, whatever the shape."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.statistics import ALPHA, curve_horizon, sequence_interval, tailed_interval

GRID = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128]


@given(st.integers(0, 1_000))
def test_a_long_tail_moves_the_upper_limits_only(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(0, 1.5, (60, 6)) * np.array([3.0, 2, 1.4, 1, 0.5, 0.0])
    (lower, upper), (low, high) = sequence_interval(values), tailed_interval(values)
    assert (low == lower).all()
    assert (high >= upper).all()
    assert (low[-1], high[-1]) == (0, 0)  # what never moves is exact
    plain, tailed = (curve_horizon(GRID[:6], values, 0.0, 0.5, tailed=each) for each in (False, True))
    assert (tailed.estimate, tailed.lower) == (plain.estimate, plain.lower)
    assert tailed.upper >= plain.upper


DECAYS = {
    "decay": [math.exp(-lag / 10) for lag in GRID],
    "cliff": [1.0] * 8 + [0.0] * 6,
    "nothing": [0.0] * 14,
    "at the threshold": [0.5] * 5 + [0.1] * 9,
    "all": [0.6] * 14,
}


def curves(name: str, repetitions: int) -> list[Horizon]:
    """Measure curves of 60 sequences, whose values are skewed and alike at all lags within a sequence."""
    random, shape = np.random.default_rng(3), (60, len(GRID))
    noise = [random.exponential(size=(60, 1)) + random.normal(size=shape) - 1 for _ in range(repetitions)]
    return [curve_horizon(GRID, np.array(DECAYS[name]) + 0.3 * each, 0.0, 0.1) for each in noise]


@pytest.mark.parametrize("name", DECAYS)
def test_the_interval_covers_the_true_horizon_of_a_curve(name: str) -> None:
    truth = [0, *GRID][[*(value > 0.1 for value in DECAYS[name]), False].index(False)]
    horizons = curves(name, 400)
    assert np.mean([h.lower <= truth <= h.upper for h in horizons]) >= 0.95
    assert all(h.lower <= h.estimate <= h.upper for h in horizons)
    if truth in (0, GRID[-1]):
        assert np.mean([h.censored == (truth > 0) for h in horizons]) >= 0.95


def test_a_curve_at_chance_has_no_horizon_even_without_a_margin() -> None:
    random = np.random.default_rng(4)
    horizons = [curve_horizon(GRID, random.normal(size=(40, 14)), 0.0, 0.0) for _ in range(800)]
    assert np.mean([h.estimate > 0 for h in horizons]) <= ALPHA

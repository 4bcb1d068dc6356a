"""Intervals and tests of a mean over sequences keep their rate, with long tails and shares too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.statistics import (
    curve_horizon,
    mean_above,
    sequence_interval,
    share_interval,
    tailed_interval,
)
from seqtoolkit.retention.student import t_quantile

MEANS = {  # draws and their mean
    "normal": (lambda random, shape: random.normal(size=shape), 0.0),
    "squared normal": (lambda random, shape: random.normal(size=shape) ** 2, 1.0),
    "exponential": (lambda random, shape: -random.exponential(size=shape), -1.0),
    "two values": (lambda random, shape: random.binomial(1, 0.4, shape).astype(float), 0.4),
}


@pytest.mark.parametrize("name", MEANS)
@pytest.mark.parametrize("n", [30, 100])
def test_the_interval_of_a_mean_covers_at_the_nominal_rate(name: str, n: int) -> None:
    draw, truth = MEANS[name]
    lower, upper = sequence_interval(draw(np.random.default_rng(1), (n, 2_000)))
    assert 0.92 <= np.mean((lower <= truth) & (truth <= upper)) <= 0.98


@pytest.mark.parametrize("name", MEANS)
def test_a_test_of_a_mean_errs_as_often_as_it_says(name: str) -> None:
    draw, truth = MEANS[name]
    p_values = mean_above(draw(np.random.default_rng(2), (100, 4_000)), truth)
    for alpha in (0.01, 0.05, 0.5):
        assert np.mean(p_values <= alpha) == pytest.approx(alpha, abs=0.01 + alpha / 10)


TAILS = {
    "squares": (lambda random, shape: random.normal(size=shape) ** 2, 1.0),
    "lognormal": (lambda random, shape: random.lognormal(0, 1.5, shape), math.exp(1.5**2 / 2)),
    "nine of ten are 0": (
        lambda random, shape: random.gamma(1, size=shape) * random.binomial(1, 0.1, shape),
        0.1,
    ),
    "two values": (lambda random, shape: random.binomial(1, 0.75, shape).astype(float), 0.75),
}


@pytest.mark.parametrize("name", TAILS)
@pytest.mark.parametrize("n", [60, 120])
def test_the_interval_covers_what_has_a_long_tail(name: str, n: int) -> None:
    draw, truth = TAILS[name]
    lower, upper = tailed_interval(draw(np.random.default_rng(4), (n, 2_000)))
    assert 0.92 <= np.mean((lower <= truth) & (truth <= upper)) <= 0.98


@given(st.integers(0, 1_000), st.floats(0.5, 0.99))
def test_intervals_and_tests_agree(seed: int, confidence: float) -> None:
    values = np.random.default_rng(seed).exponential(size=(40, 5))
    lower, upper = sequence_interval(values, confidence)
    assert (lower <= values.mean(0)).all()
    assert (values.mean(0) <= upper).all()
    assert mean_above(values, lower) == pytest.approx((1 - confidence) / 2)
    assert mean_above(values, upper) == pytest.approx((1 + confidence) / 2)
    moved = sequence_interval(3 - 2 * values, confidence)  # an interval turns and stretches with the values
    assert moved[0] == pytest.approx(3 - 2 * upper)
    assert moved[1] == pytest.approx(3 - 2 * lower)


def test_sequences_that_all_agree_are_certain() -> None:
    values = np.ones((30, 3))
    lower, upper = sequence_interval(values)
    assert lower.tolist() == upper.tolist() == [1, 1, 1]
    assert mean_above(values, [0.0, 1.0, 2.0]).tolist() == [0, 0.5, 1]


def test_too_few_sequences_are_refused_with_the_number_needed() -> None:
    with pytest.raises(ValueError, match="29 sequences are too few for an interval: at least 30"):
        sequence_interval(np.zeros((29, 2)))
    with pytest.raises(ValueError, match="at least 30"):
        curve_horizon([1, 2], np.zeros((29, 2)), 0.0, 0.1)
    with pytest.raises(ValueError, match="not finite"):
        sequence_interval(np.full((30, 2), np.nan))


@pytest.mark.parametrize(("accuracy", "alike"), [(0.5, 1), (0.5, 8), (0.97, 4), (0.995, 1)])
def test_the_interval_of_a_share_covers_where_trials_hang_together(accuracy: float, alike: int) -> None:
    """40 sequences of 24 trials, of which `alike` are the same."""
    random = np.random.default_rng(5)
    drawn = random.binomial(1, accuracy, (2_000, 40, 24 // alike)).repeat(alike, -1)
    lower, upper = share_interval(drawn.mean(-1).T, 24)
    assert 0.92 <= np.mean((lower <= accuracy) & (accuracy <= upper)) <= 0.98


def test_the_interval_of_a_share_is_that_of_wilson_where_all_agree() -> None:
    z = t_quantile(0.975, 29)
    lower, upper = share_interval(np.repeat([[0.0, 1.0]], 30, 0), 5)
    assert lower.tolist() == pytest.approx([0, 1 / (1 + z * z / 150)])
    assert upper.tolist() == pytest.approx([z * z / 150 / (1 + z * z / 150), 1])

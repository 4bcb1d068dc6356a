"""Counts of hits: Wilson's interval and the binomial tails, against published values and exact sums."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.statistics import tail_above, tail_below, wilson

COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
P = st.floats(0.01, 0.99)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_equals_published_values(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(COUNTS)
def test_wilson_contains_the_share_and_mirrors(counts: tuple[int, int]) -> None:
    hits, n = counts
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    assert wilson(n - hits, n) == (pytest.approx(1 - high), pytest.approx(1 - low))
    assert wilson(hits, n, 0.99)[0] <= low


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == (0, 1)


@given(COUNTS, P)
def test_tails_equal_the_sum_of_exact_terms(counts: tuple[int, int], p: float) -> None:
    hits, n = counts
    terms = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    least = 1e-230  # below it the power is subnormal, and a term has few digits
    assert tail_above(hits, n, p) == pytest.approx(math.fsum(terms[hits:]), rel=1e-9, abs=least)
    assert tail_below(hits, n, p) == pytest.approx(math.fsum(terms[: hits + 1]), rel=1e-9, abs=least)


@pytest.mark.parametrize("p", [0.01, 0.125, 0.5625, 0.99])
def test_tails_are_stable_for_many_trials(p: float) -> None:
    n = 100_000
    for hits in (1, round(n * p), round(n * p) + 500, n - 1, n):
        assert tail_above(hits, n, p) + tail_below(hits - 1, n, p) == pytest.approx(1, abs=1e-8)
    assert tail_above(round(n * p), n, p) == pytest.approx(0.5, abs=0.02)


def test_no_trials_are_no_evidence() -> None:
    assert tail_above(0, 0, 0.3) == tail_below(0, 0, 0.3) == 1

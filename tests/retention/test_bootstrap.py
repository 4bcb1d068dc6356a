"""Bootstrap over sequences and bins of lengths: laws, and the promised coverage by simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention import bootstrap
from seqtoolkit.retention.bootstrap import length_bins, mean_interval, percentile_interval, resampled_sums

TABLES = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=20)


@given(TABLES)
def test_resampled_sums_are_sums_of_rows_drawn_with_replacement(rows: list[tuple[int, int]]) -> None:
    table = np.array(rows)
    random = np.random.default_rng(3)
    expected = [table[random.integers(0, len(table), len(table))].sum(0) for _ in range(50)]
    assert np.array_equal(resampled_sums(table, 50, seed=3), expected)


def test_memory_does_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.random.default_rng(0).integers(0, 9, (70, 3))
    whole = resampled_sums(table)
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 199)
    assert np.array_equal(resampled_sums(table), whole)


def test_the_interval_holds_the_estimate() -> None:
    assert percentile_interval(0.5, np.linspace(0, 1, 1001)) == (pytest.approx(0.025), pytest.approx(0.975))
    assert percentile_interval(3.0, np.ones(9)) == (1, 3)
    assert percentile_interval(0.0, np.ones(9)) == (0, 1)


def test_intervals_cover_the_true_mean_and_the_true_ratio() -> None:
    """300 experiments with 60 skewed sequences each; 93 % is what percentile intervals reach at this size."""
    random = np.random.default_rng(0)
    covered, ratio_covered = 0, 0
    for _ in range(300):
        values = random.exponential(2.0, 60)
        _, low, high = mean_interval(values)
        covered += low <= 2.0 <= high
        lengths = random.integers(3, 15, 60)
        edits = random.binomial(lengths, 0.2)
        sums = resampled_sums(np.column_stack([edits, lengths]))
        low, high = percentile_interval(edits.sum() / lengths.sum(), sums[:, 0] / sums[:, 1])
        ratio_covered += low <= 0.2 <= high
    assert 0.90 <= covered / 300 <= 0.98
    assert 0.91 <= ratio_covered / 300 <= 0.98


LENGTHS = st.lists(st.integers(0, 12), min_size=1, max_size=200)


@given(LENGTHS, st.integers(1, 40))
def test_bins_hold_every_sequence_once_and_enough_of_them(lengths: list[int], least: int) -> None:
    values = np.array(lengths)
    bins = length_bins(values, least)
    held = [int(((low <= values) & (values <= high)).sum()) for low, high in bins]
    assert sum(held) == len(lengths)
    assert min(held) >= min(least, len(lengths))
    bounds = [bound for pair in bins for bound in pair]
    assert bounds == sorted(bounds)
    assert all(high < low for (_, high), (low, _) in itertools.pairwise(bins))
    assert set(bounds) <= set(lengths)


@given(LENGTHS)
def test_a_length_with_enough_sequences_is_a_bin_of_its_own(lengths: list[int]) -> None:
    assert length_bins(np.array(lengths), 1) == [(length, length) for length in sorted(set(lengths))]


def test_remainders_join_their_neighbours() -> None:
    lengths = np.repeat([1, 2, 3, 5, 9], [4, 40, 30, 10, 19])
    assert length_bins(lengths) == [(1, 2), (3, 9)]
    assert length_bins(lengths, 11) == [(1, 2), (3, 3), (5, 9)]
    assert length_bins(np.repeat([2, 7], [3, 4])) == [(2, 7)]
    assert length_bins(np.array([], dtype=np.int64)) == []

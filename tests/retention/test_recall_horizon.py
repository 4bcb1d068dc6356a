"""The horizon of counts lies on the grid, and its interval covers the true one by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.statistics import recall_horizon

GRID = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128]


@given(
    st.lists(st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=14),
    st.sampled_from([1 / 26, 1 / 8, 1 / 2]),
    st.sampled_from([None, 0.0, 0.05, 0.3]),
)
def test_a_horizon_lies_in_its_interval_and_on_the_grid(
    counts: list[tuple[int, int]], chance: float, margin: float | None
) -> None:
    lags = GRID[: len(counts)]
    horizon = recall_horizon(lags, [h for h, _ in counts], [n for _, n in counts], chance, margin)
    assert horizon.lower <= horizon.estimate <= horizon.upper
    assert {horizon.lower, horizon.estimate, horizon.upper} <= {0, *lags}
    assert horizon.censored == (horizon.estimate == (lags[-1] if lags else -1))


def test_horizons_of_clear_curves() -> None:
    n = [200] * 4
    lags = [1, 2, 4, 8]
    assert recall_horizon(lags, [200, 200, 199, 198], n, 1 / 8) == Horizon(
        8, 8, 8, censored=True, upper_censored=True
    )
    assert recall_horizon(lags, [200, 190, 30, 200], n, 1 / 8) == Horizon(2, 2, 2, censored=False)
    assert recall_horizon(lags, [200, 115, 25, 25], n, 1 / 8) == Horizon(2, 1, 2, censored=False)
    assert recall_horizon(lags, [25, 200, 200, 200], n, 1 / 8) == Horizon(0, 0, 0, censored=False)


def test_a_lag_without_trials_ends_the_horizon_but_not_its_upper_limit() -> None:
    assert recall_horizon([1, 2, 4], [99, 0, 99], [99, 0, 99], 0.1) == Horizon(
        1, 1, 4, censored=False, upper_censored=True
    )


def simulate(
    accuracy: list[float], trials: int, margin: float | None, repetitions: int = 400
) -> list[Horizon]:
    random = np.random.default_rng(0)
    counts = random.binomial(trials, accuracy, (repetitions, len(accuracy))).tolist()
    return [recall_horizon(GRID[: len(row)], row, [trials] * len(row), 1 / 8, margin) for row in counts]


CURVES = {
    "cliff": [1.0] * 8 + [0.125] * 6,
    "slope": [1 / 8 + 7 / 8 * math.exp(-((lag / 20) ** 2)) for lag in GRID],
    "at the threshold": [0.9] * 5 + [0.5625] * 9,
    "just above it": [0.58] * 14,
    "constant": [0.125] * 14,
    "perfect": [1.0] * 14,
    "one hole": [0.95] * 6 + [0.5] + [0.95] * 7,
}


@pytest.mark.parametrize(("margin", "trials"), [(None, 100), (0.05, 300)])
@pytest.mark.parametrize("name", CURVES)
def test_the_interval_covers_the_true_horizon(name: str, margin: float | None, trials: int) -> None:
    threshold = 0.5625 if margin is None else 1 / 8 + margin
    above = [*(accuracy > threshold for accuracy in CURVES[name]), False].index(False)
    truth = [0, *GRID][above]
    horizons = simulate(CURVES[name], trials, margin)
    assert np.mean([h.lower <= truth <= h.upper for h in horizons]) >= 0.95


@pytest.mark.parametrize("margin", [None, 0.0])
def test_a_model_that_guesses_has_no_horizon(margin: float | None) -> None:
    horizons = simulate(CURVES["constant"], 100, margin, repetitions=800)
    assert np.mean([h.estimate > 0 for h in horizons]) <= 0.05


def test_more_trials_tighten_the_interval() -> None:
    few, many = (
        np.mean([GRID.index(h.upper) - GRID.index(h.lower) for h in simulate(CURVES["slope"], n, None, 100)])
        for n in (50, 500)
    )
    assert few > 2 * many

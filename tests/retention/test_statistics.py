"""Statistics: known values, laws, and the promised coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.statistics import (
    ALPHA,
    curve_horizon,
    holm,
    mean_above,
    recall_horizon,
    sequence_interval,
    share_interval,
    tail_above,
    tail_below,
    tailed_interval,
    wilson,
)
from seqtoolkit.retention.student import t_quantile, t_tail

COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
P = st.floats(0.01, 0.99)
GRID = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128]


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


def test_holm_equals_the_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )  # R: p.adjust(..., "holm")
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.2))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float], alpha: float) -> None:
    ascending = sorted(p_values)
    steps = [p * (len(ascending) - rank) <= alpha for rank, p in enumerate(ascending)]
    rejected = [*steps, False].index(False)
    adjusted = holm(p_values)
    assert sorted(adjusted)[:rejected] == [value for value in sorted(adjusted) if value <= alpha]
    assert all(raw <= value <= 1 for raw, value in zip(p_values, adjusted, strict=True))


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=9).flatmap(
        lambda p: st.tuples(st.just(p), st.permutations(p))
    )
)
def test_holm_does_not_depend_on_order(lists: tuple[list[float], list[float]]) -> None:
    assert sorted(holm(lists[0])) == sorted(holm(lists[1]))


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


@pytest.mark.parametrize(
    ("probability", "dof", "t"),  # Abramowitz & Stegun (1964), table 26.10
    [(0.975, 1, 12.706), (0.975, 2, 4.303), (0.975, 3, 3.182), (0.9, 10, 1.372), (0.995, 29, 2.756)],
)
def test_student_equals_published_values(probability: float, dof: int, t: float) -> None:
    assert t_quantile(probability, dof) == pytest.approx(t, abs=5e-4)
    assert float(t_tail(t, dof)) == pytest.approx(1 - probability, abs=1e-4)


@given(st.integers(1, 400), st.floats(0, 30))
def test_the_tails_of_student_add_up_and_fall(dof: int, t: float) -> None:
    here, there, further = t_tail([t, -t, t + 1], dof)
    assert here + there == pytest.approx(1, abs=1e-12)
    assert further < here or here < 1e-12
    assert t_tail([np.inf, -np.inf], dof).tolist() == pytest.approx([0, 1])


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

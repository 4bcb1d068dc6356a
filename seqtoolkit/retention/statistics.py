"""Intervals and tests for accuracies, and the horizon of a recall curve. Numpy only: no torch, no scipy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

from seqtoolkit.retention.record import Horizon

ALPHA = 0.05  # every interval and every "above chance" is at 95 %


def wilson(hits: int, n: int, confidence: float = 1 - ALPHA) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (Wilson 1927); (0, 1) when n is 0."""
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if hits == 0 else centre - half), (1.0 if hits == n else centre + half)


def tail_above(hits: int, n: int, p: float) -> float:
    """Return P(X >= hits) for X ~ Binomial(n, p), 0 < p < 1: summed exactly, from log probabilities."""
    if hits <= 0:
        return 1.0
    k = np.arange(hits, n)  # log P(k + 1) - log P(k) = log((n - k) / (k + 1) * p / (1 - p))
    first = math.lgamma(n + 1) - math.lgamma(hits + 1) - math.lgamma(n - hits + 1)
    first += hits * math.log(p) + (n - hits) * math.log1p(-p)
    steps = np.log((n - k) / (k + 1)) + math.log(p) - math.log1p(-p)
    return min(1.0, float(np.exp(first + np.concatenate([[0.0], steps.cumsum()])).sum()))


def tail_below(hits: int, n: int, p: float) -> float:
    """Return P(X <= hits) for X ~ Binomial(n, p), 0 < p < 1."""
    return tail_above(n - hits, n, 1 - p)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for testing them all (Holm 1979): rejecting those <= alpha errs at all in <= alpha."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(np.asarray(p_values)[order] * factors))
    return [float(value) for value in adjusted]


def recall_threshold(chance: float) -> float:
    """Return the accuracy half-way between chance and 1, where psychometrics puts a threshold."""
    return (1 + chance) / 2


def recall_horizon(
    lags: Sequence[int],
    hits: Sequence[int],
    trials: Sequence[int],
    chance: float,
    margin: float | None = None,
) -> Horizon:
    """Find the largest lag on an ascending grid up to which every accuracy exceeds chance + margin; 0: none.

    The default margin is half of what there is above chance: up to that lag the model rather knows than
    guesses. A margin near 0 would make the horizon grow with the number of trials, down to traces of no use.
    The tests are exact binomial ones, corrected over the lags by Holm; the interval covers at least 95 %:
    - `lower`: all lags up to it are significantly above the threshold (2.5 %);
    - `estimate`: all are above it as measured, and significantly above chance (5 %);
    - `upper`: the lag before the first one that is significantly below the threshold (2.5 %).
    """
    threshold = recall_threshold(chance) if margin is None else chance + margin

    def adjusted(tail: Callable[[int, int, float], float], p: float) -> list[float]:
        return holm([tail(*counts, p) for counts in zip(hits, trials, strict=True)])

    def last(good: Sequence[bool]) -> int:
        return ([0, *lags])[[*good, False].index(False)]

    above_chance = [value <= ALPHA for value in adjusted(tail_above, chance)]
    measured = [count > threshold * n for count, n in zip(hits, trials, strict=True)]
    estimate = last([both[0] and both[1] for both in zip(above_chance, measured, strict=True)])
    upper, longest = (
        last([value > ALPHA / 2 for value in adjusted(tail_below, threshold)]),
        max(lags, default=0),
    )
    return Horizon(
        estimate=estimate,
        lower=last([value <= ALPHA / 2 for value in adjusted(tail_above, threshold)]),
        upper=upper,
        censored=estimate == longest > 0,
        upper_censored=upper == longest > 0,
    )

"""Intervals, tests and horizons, for accuracies and for means over sequences. Numpy only: no torch, no scipy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.student import t_quantile as t_quantile
from seqtoolkit.retention.student import t_tail

ALPHA = 0.05  # every interval and every "above chance" is at 95 %
INTERVAL = "t over sequences, corrected for skewness (Hall 1992)"  # of `sequence_interval`
TAILED = f"{INTERVAL}; above, with the largest value once more"  # of `tailed_interval`
LEAST = 30  # sequences: with fewer, no interval of a mean is promised

Floats = NDArray[np.float64]
Numbers = float | Sequence[float] | Floats


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

    def tested(tail: Callable[[int, int, float], float], p: float) -> list[float]:
        return [tail(*counts, p) for counts in zip(hits, trials, strict=True)]

    return _horizon(
        lags,
        measured=[count > threshold * n for count, n in zip(hits, trials, strict=True)],
        above_chance=tested(tail_above, chance),
        above=tested(tail_above, threshold),
        below=tested(tail_below, threshold),
    )


def curve_horizon(
    lags: Sequence[int], values: Floats, null: Numbers, margin: Numbers, tailed: bool = False
) -> Horizon:
    """Find the largest lag on an ascending grid up to which the mean over sequences exceeds null + margin; 0: none.

    As `recall_horizon`, but with the tests of `mean_above` in the place of binomial ones.

    Args:
        lags: K lags, ascending.
        values: (N, K), one row for each independent sequence.
        null: what a model without memory reaches, one number or one for each lag.
        margin: how much more is wanted, 0 or more, one number or one for each lag.
        tailed: whether values may have a long tail above, as in `tailed_interval`.

    Raises ValueError when there are too few sequences, or a value is not finite.
    """
    chance = np.broadcast_to(np.asarray(null, dtype=np.float64), len(lags))
    threshold = chance + np.asarray(margin, dtype=np.float64)
    measured: list[bool] = (values.mean(0) > threshold).tolist()
    above, below = mean_above(values, threshold), mean_above(-values, -threshold)
    if tailed:
        below = np.maximum(below, mean_above(-with_largest(values), -threshold))
    above_chance = mean_above(values, chance)
    return _horizon(lags, measured, above_chance.tolist(), above.tolist(), below.tolist())


def sequence_interval(values: Floats, confidence: float = 1 - ALPHA) -> tuple[Floats, Floats]:
    """Return the interval of the mean of each column of values (N, K), whose rows are independent sequences.

    Student's t, corrected for skewness by a monotone transformation (Hall 1992, J. R. Statist. Soc. B 54). It needs
    no resampling, covers as t does where values are symmetric, and better than t and BCa where they are not: of 30
    squared normal values it covered the mean in 94.9 % of 4,000 cases, t in 90.4 %, BCa in 93 %.

    Raises ValueError when there are too few sequences, or a value is not finite.
    """
    mean, deviation, skew = _moments(values)
    n, slope = len(values), skew / 3
    reach = t_quantile((1 + confidence) / 2, n - 1) / math.sqrt(n)
    lower, upper = (
        mean - deviation * _untransformed(side * reach - skew / (6 * n), slope) for side in (1, -1)
    )
    return np.minimum(lower, mean), np.maximum(upper, mean)


def tailed_interval(values: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % interval of means over sequences as `sequence_interval`, for values 0 or more with a long tail.

    What is seldom but large is missing in most samples, so that their means lie too low. The upper limit is therefore
    that of a sample with one sequence more, as large as the largest, after the pseudo-observations of Agresti & Coull
    1998. Of 64 to 256 lognormal values (sigma 1 or 1.5) and of values all but a tenth of which are 0, it held the mean
    in 95 to 98 % of 1,500 cases; without the addition 91 to 97 %, and t in 80 to 94 %.
    """
    (lower, upper), (_, more) = sequence_interval(values), sequence_interval(with_largest(values))
    return lower, np.maximum(upper, more)


def with_largest(values: Floats) -> Floats:
    """Add to each column of values (N, K) its largest one once more."""
    return np.concatenate([values, values.max(0, keepdims=True)])


def share_interval(values: Floats, trials: int) -> tuple[Floats, Floats]:
    """Return the interval of the mean of each column of values (N, K): of N sequences, the share of hits in `trials`.

    Wilson's, with as many trials as would be that certain if they were independent (Korn & Graubard 1998, Survey
    Methodology 24); where all sequences agree, as many as there were. It covers near 0 and 1, where a t does not.
    Raises ValueError when there are too few sequences, or a value is not finite.
    """
    share, deviation, _ = _moments(values)
    n, z = len(values), t_quantile(1 - ALPHA / 2, len(values) - 1)
    inner, most = share * (1 - share), float(n * trials)
    error = deviation**2 / n
    count = np.minimum(np.divide(inner, error, out=np.full_like(inner, most), where=error > 0), most)
    count = np.where(inner > 0, count, most)
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(inner / count + z * z / (4 * count**2)) / (1 + z * z / count)
    return np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)


def mean_above(values: Floats, threshold: Numbers) -> Floats:
    """Return p-values (K,) of the mean of each column of values (N, K) being no higher than its threshold.

    The test belongs to `sequence_interval`. Where all sequences agree it is certain, and 0.5 at the threshold itself.
    Raises ValueError when there are too few sequences, or a value is not finite.
    """
    mean, deviation, skew = _moments(values)
    n, excess, slope = len(values), mean - np.asarray(threshold, dtype=np.float64), skew / 3
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        w = np.where(excess == 0, 0.0, excess / deviation)
        t = math.sqrt(n) * (w + slope * w**2 + slope**2 * w**3 / 3 + skew / (6 * n))
    certain = np.isinf(w) | ~np.isfinite(t)
    return t_tail(np.where(certain, np.copysign(np.inf, excess), t), n - 1)


def check_sequences(n: int, what: str = "an interval", share: float = 1.0, least: int = LEAST) -> None:
    """Raise ValueError when n sequences are fewer than `least`; `share` of all that were given are those n."""
    if n < least:
        raise ValueError(
            f"{n} sequences are too few for {what}: at least {least} are needed"
            + (f", so give {math.ceil(least / share)} or more in all" if share < 1 else "")
        )


def _horizon(
    lags: Sequence[int],
    measured: Sequence[bool],
    above_chance: Sequence[float],
    above: Sequence[float],
    below: Sequence[float],
) -> Horizon:
    """Follow the lags as far as each estimate and each limit goes; the p-values are adjusted over the lags here."""

    def last(good: Sequence[bool]) -> int:
        return ([0, *lags])[[*good, False].index(False)]

    chance = [value <= ALPHA for value in holm(above_chance)]
    estimate = last([both[0] and both[1] for both in zip(chance, measured, strict=True)])
    upper, longest = last([value > ALPHA / 2 for value in holm(below)]), max(lags, default=0)
    return Horizon(
        estimate=estimate,
        lower=last([value <= ALPHA / 2 for value in holm(above)]),
        upper=upper,
        censored=estimate == longest > 0,
        upper_censored=upper == longest > 0,
    )


def _moments(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean, standard deviation and skewness of each column of values (N, K)."""
    n = len(values)
    check_sequences(n)
    if not np.isfinite(values).all():
        raise ValueError(
            "a sequence has a value that is not finite; without it, the rest would say something else"
        )
    mean = values.mean(0)
    centred = values - mean
    deviation = np.sqrt((centred**2).sum(0) / (n - 1))
    third = (centred**3).sum(0) * n / ((n - 1) * (n - 2))
    skew = np.divide(third, deviation**3, out=np.zeros_like(mean), where=deviation**3 > 0)
    return mean, deviation, skew


def _untransformed(c: Floats, slope: Floats) -> Floats:
    """Solve w + slope w^2 + slope^2 w^3 / 3 = c for w."""
    flat = np.abs(slope) < 1e-8
    safe = np.where(flat, 1.0, slope)
    solution: Floats = np.where(flat, c, (np.cbrt(1 + 3 * safe * c) - 1) / safe)
    return solution

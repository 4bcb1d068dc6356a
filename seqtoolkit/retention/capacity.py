"""Memory capacity: over how many steps' worth of independent inputs do the features know, in units of features?"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.retention.statistics import ALPHA, sequence_interval
from seqtoolkit.retention.student import t_quantile

NULL = 0.999  # squared correlations below this quantile of their null count as 0
VIOLATION = 0.999  # one-sided confidence with which a capacity exceeds its bound

Floats = NDArray[np.float64]


class ImpossibleCapacity(RuntimeError):
    """A capacity surely above the rank of the features: inputs that depend on each other, or a wrong measurement."""


@dataclass(frozen=True)
class Capacity:
    """Sum of squared correlations over the measured lags (Jaeger 2001), corrected for chance; 95 % interval.

    For independent inputs it is at most the rank of the covariance of the features, which is at most their number.
    The correction leaves out what is small but there; so the interval is that of `unbiased`.
    """

    estimate: float
    lower: float
    upper: float
    rank: int
    uncorrected: float  # with every squared correlation as measured
    unbiased: float  # with every squared correlation, less the square of its standard error
    counted: int  # squared correlations above the quantile of their null

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def memory_capacity(correlations: Floats, exchanged: Floats, rank: int) -> Capacity:
    """Sum the squared correlations that exceed the 99.9 % quantile of their null.

    Args:
        correlations: (N, C) of N sequences; the mean of a column is the correlation of prediction and target.
        exchanged: (N, C) likewise, with the targets of another sequence: what chance does.
        rank: of the covariance of the features, for independent inputs.

    Raises:
        ValueError: fewer than LEAST sequences.
        ImpossibleCapacity: it exceeds the rank.
    """
    signed = correlations.mean(0)
    quantile = t_quantile((1 + NULL) / 2, len(exchanged) - 1)
    counted = np.abs(signed) > quantile * exchanged.std(0, ddof=1) / math.sqrt(len(exchanged))
    known = signed[counted]
    estimate = float((known**2).sum())
    unbiased = float((signed**2 - correlations.var(0, ddof=1) / len(correlations)).sum())
    lower, upper = _interval(correlations, unbiased, 1 - ALPHA)
    surely, _ = _interval(correlations[:, counted], estimate, 2 * VIOLATION - 1)
    if surely > rank * (1 + 1e-6):
        raise ImpossibleCapacity(
            f"a memory capacity of {estimate:.3f} (surely above {surely:.3f}) exceeds the rank {rank} of the"
            " features' covariance: the inputs are not independent in time, or the measurement is wrong"
        )
    return Capacity(
        estimate=estimate,
        lower=min(max(0.0, lower), estimate),
        upper=max(upper, estimate),
        rank=rank,
        uncorrected=float((signed**2).sum()),
        unbiased=unbiased,
        counted=int(counted.sum()),
    )


def _interval(correlations: Floats, total: float, confidence: float) -> tuple[float, float]:
    """Return the interval of a sum of squares of the means of columns (N, C) about `total`, to first order."""
    signed = correlations.mean(0)
    values = total + 2 * (correlations - signed) @ signed
    lower, upper = sequence_interval(values[:, None], confidence)
    return float(lower[0]), float(upper[0])

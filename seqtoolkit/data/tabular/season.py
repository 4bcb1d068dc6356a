"""Guess the season of a series from its autocorrelation, in training rows only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.tabular.clock import Clock
from seqtoolkit.data.tabular.fit import Fitted
from seqtoolkit.data.tabular.windows import regions

ROWS = 20_000  # that are looked at, of the longest stretch of training rows
CHANNELS = 8  # of the targets
LEAST = 0.3  # autocorrelation that is taken for a season
CYCLES = 3  # of a season that must be there
_HOUR = 3_600_000_000  # microseconds
_CYCLES = ((24, 168), (0.25, 24), (0, 1))  # from steps of so many hours on, a cycle of so many hours is usual


def guess_season(fitted: Fitted) -> int | None:
    """Return the lag of the highest peak of the mean autocorrelation of the targets, or null where none is high."""
    found, columns = fitted.of("train"), fitted.plan.columns
    parts = regions(found.segments, found.rows.split.numpy(), 0, 0)
    longest = int(np.argmax(parts.stop - parts.start))
    stop = int(parts.stop[longest])
    part = slice(max(int(parts.start[longest]), stop - ROWS), stop)
    places = columns.places(columns.targets[:CHANNELS])
    return season_of(found.table.values[part, places].astype(np.float64))


def usual_season(clock: Clock | None) -> int | None:
    """Return how many steps of this length people count in one: 12 months, 7 days, 24 hours, a day or an hour of less.

    Null for times that are numbers, for uneven steps, and for those that no such cycle has a whole number of.
    """
    if clock is None or clock.step is None or clock.unit == "number":
        return None
    if clock.unit == "month":
        return 12 if clock.step == 1 else None
    for step, cycle in _CYCLES:
        steps = cycle * _HOUR / clock.step
        if clock.step >= step * _HOUR and steps >= 2 and steps.is_integer():
            return int(steps)
    return None


def season_of(values: NDArray[np.float64]) -> int | None:
    """Return the season of (T, K) values, in steps: a peak of the autocorrelation after its first minimum.

    A straight line is taken out of each channel first. Peaks are compared by their height; of a season and its
    multiples, the shortest within 0.05 of the highest is taken.
    """
    steps = len(values)
    most = steps // CYCLES
    if most < 3:
        return None
    curve = _autocorrelation(_detrended(values), most)
    falls = np.flatnonzero(np.diff(curve) > 0)
    if not len(falls):
        return None
    inner = np.arange(max(2, falls[0] + 1), most)
    peaks = inner[(curve[inner] >= curve[inner - 1]) & (curve[inner] >= curve[inner + 1])]
    high = peaks[curve[peaks] >= LEAST] if len(peaks) else peaks
    if not len(high):
        return None
    return int(high[curve[high] >= curve[high].max() - 0.05][0])


def _detrended(values: NDArray[np.float64]) -> NDArray[np.float64]:
    time = np.linspace(-1, 1, len(values))
    line = np.stack([np.ones_like(time), time], 1)
    rest: NDArray[np.float64] = values - line @ np.linalg.lstsq(line, values, rcond=None)[0]
    return rest


def _autocorrelation(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Return the mean over channels at lags 0 to `most` (Wiener & Khinchin), each by its own number of pairs."""
    size = 1 << (2 * len(values) - 1).bit_length()
    power = np.abs(np.fft.rfft(values, size, axis=0)) ** 2
    sums = np.fft.irfft(power, size, axis=0)[: most + 1]
    pairs = len(values) - np.arange(most + 1)
    variance = sums[0] / len(values)
    curves = sums / pairs[:, None] / np.where(variance > 0, variance, 1)
    mean: NDArray[np.float64] = curves.mean(1)
    return mean

"""Times that can be compared: repeats in a process that is warm, and the power by which they grow."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median

import machine  # noqa: F401  (before torch)
import numpy as np

SAMPLES = 1_000


Clock = Callable[[], float]


def timed(do: Callable[[], object], repeats: int, clock: Clock = time.perf_counter) -> list[float]:
    """Return the seconds of each of several repeats, after one that is not timed."""
    do()
    return [once(do, clock) for _ in range(repeats)]


def once(do: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    """Return the seconds that one call takes. `time.process_time` leaves out what other processes take."""
    began = clock()
    do()
    return clock() - began


def exponent(sizes: Sequence[int], seconds: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Return b of seconds = a size^b, by least squares on logarithms of medians, and its 95 % bootstrap over repeats.

    Of the larger half of four sizes or more: there the fixed costs of a call matter less.
    """
    half = slice(len(sizes) // 2, None) if len(sizes) >= 4 else slice(None)
    logs, table = np.log(np.asarray(sizes[half], dtype=np.float64)), np.asarray(seconds[half])
    repeats = table.shape[1]
    drawn = table[:, np.random.default_rng(0).integers(0, repeats, (SAMPLES, repeats))]
    slopes = np.polyfit(logs, np.log(np.median(drawn, 2)), 1)[0]
    estimate = float(np.polyfit(logs, np.log([median(row) for row in table.tolist()]), 1)[0])
    low, high = np.quantile(slopes, [0.025, 0.975])
    return estimate, min(float(low), estimate), max(float(high), estimate)


def power(growth: tuple[float, float, float], base: str = "T") -> str:
    """Write a power with its interval."""
    estimate, low, high = (round(value, 2) + 0.0 for value in growth)  # never -0.00
    return f"{base}^{estimate:.2f} [{low:.2f}, {high:.2f}]"

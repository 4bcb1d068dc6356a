"""Make a long curve drawable: smooth it, and keep only the points that a screen can show."""

from __future__ import annotations

from collections.abc import Sequence


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Return the exponential moving average, unbiased at its start; weight 0 changes nothing."""
    average, total, result = 0.0, 0.0, []
    for value in values:
        average = weight * average + (1 - weight) * value
        total = weight * total + (1 - weight)
        result.append(average / total)
    return result


def decimate(
    xs: Sequence[float], ys: Sequence[float], buckets: int = 1000
) -> tuple[list[float], list[float]]:
    """Keep the ends, and the lowest and highest point of each of `buckets` equal stretches.

    No spike is lost, which taking every n-th point would do.
    """
    count = len(ys)
    if count <= 2 * buckets:
        return list(xs), list(ys)
    kept = {0, count - 1}
    for bucket in range(buckets):
        stretch = range(bucket * count // buckets, (bucket + 1) * count // buckets)
        kept |= {min(stretch, key=ys.__getitem__), max(stretch, key=ys.__getitem__)}
    order = sorted(kept)
    return [xs[i] for i in order], [ys[i] for i in order]

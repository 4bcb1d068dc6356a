"""Where windows lie in a series: spread over training; over validation and test so that each step counts once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.tabular.order import Segments
from seqtoolkit.data.tabular.splits import Split

Numbers = NDArray[np.int64]


class Windows(NamedTuple):
    """N windows of a table. Their rows are start, ..., start + length - 1; answers are asked from `first` on."""

    start: Numbers  # (N,) row
    length: Numbers  # (N,)
    first: Numbers  # (N,) steps that are only read
    low: Numbers  # (N,) the row where the segment begins
    limit: Numbers  # (N,) the row where it ends


@dataclass(frozen=True)
class Regions:
    """R runs of rows at which a split asks for an answer, each inside one segment."""

    low: Numbers  # (R,) where the segment begins: history reaches that far
    start: Numbers  # (R,)
    stop: Numbers  # (R,)
    limit: Numbers  # (R,) where the segment ends


def regions(segments: Segments, split: Split, part: int, ahead: int) -> Regions:
    """Find where the rows of a split are asked for: at as many as `ahead` rows before each, or (0) at each."""
    edges = np.zeros(len(split), bool)
    edges[segments.starts] = True
    edges[1:] |= split[1:] != split[:-1]
    start = np.flatnonzero(edges)
    stop = np.append(start[1:], len(split))
    mine = split[start] == part
    start, stop = start[mine], stop[mine]
    segment = np.searchsorted(segments.starts, start, side="right") - 1
    low, limit = segments.starts[segment], segments.stops[segment]
    if ahead:
        start, stop = np.maximum(low, start - ahead), stop - 1
    some = stop > start
    return Regions(low[some], start[some], stop[some], limit[some])


def spread(regions: Regions, window: int, stride: int, random: np.random.Generator | None = None) -> Windows:
    """Lay windows over the regions, a stride apart, all of `window` steps where there are as many.

    `random` moves those of each region by up to half a stride; how many there are, and their lengths, stay.
    """
    steps = regions.stop - regions.start
    length = np.minimum(steps, window)
    count = -(-(steps - length) // stride) + 1
    place = _counted(count) * stride
    if random is not None:
        place += np.repeat(random.integers(-(stride // 2), stride // 2 + 1, len(steps)), count)
    start = regions.start.repeat(count) + np.clip(place, 0, (steps - length).repeat(count))
    low, limit = regions.low.repeat(count), regions.limit.repeat(count)
    return Windows(start, length.repeat(count), np.zeros_like(start), low, limit)


def cover(regions: Regions, window: int, history: int) -> Windows:
    """Cut the regions into parts that are answered once, each after `history` steps, or as many as there are."""
    own = window - history
    steps = regions.stop - regions.start
    count = -(-steps // own)
    begin = regions.start.repeat(count) + _counted(count) * own
    end = np.minimum(begin + own, regions.stop.repeat(count))
    low = regions.low.repeat(count)
    start = np.maximum(low, begin - history)
    return Windows(start, end - start, begin - start, low, regions.limit.repeat(count))


def ends(regions: Regions, window: int | None) -> Windows:
    """Take the last steps of each region, at most `window`, answered at the last one."""
    steps = regions.stop - regions.start
    length = steps if window is None else np.minimum(steps, window)
    return Windows(regions.stop - length, length, length - 1, regions.low, regions.limit)


def _counted(count: Numbers) -> Numbers:
    """Return 0, 1, ..., count - 1 for each count, one after the other."""
    return np.arange(count.sum()) - np.repeat(count.cumsum() - count, count)

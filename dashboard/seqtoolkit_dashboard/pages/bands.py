"""What the band around a curve is, and the bar of a horizon: an interval, or the hull of those of several seeds."""

from __future__ import annotations

from collections.abc import Sequence

from seqtoolkit_dashboard.figures.memory_traces import Curve
from seqtoolkit_dashboard.pages.retained import seeds

_OF_HULL = "from the lowest to the highest limit of the 95 % intervals"
_HORIZON = "Below: the horizon, the largest lag up to which every one is above the threshold"


def shaded(drawn: Sequence[Curve]) -> str:
    """Say what is shaded; nothing where only untrained twins are drawn, which have no band."""
    own = [curve for curve in drawn if not curve.twin]
    joined = [curve for curve in own if _joined(curve)]
    if not own:
        return ""
    if len(joined) == len(own):
        return f"Shaded: at each lag, {_OF_HULL} of the seeds{_how(own)}. Line: the mean of the seeds."
    single = f"Shaded: at each lag, the 95 % interval{_how(own)}"
    if not joined:
        return f"{single}."
    names = ", ".join(dict.fromkeys(curve.label for curve in joined))
    return f"{single}; where there are several seeds ({names}), {_OF_HULL} of the seeds, and the line is their mean."


def horizons(drawn: Sequence[Curve]) -> str:
    """Say what the strip of horizons shows; nothing where there is none."""
    own = [curve for curve in drawn if curve.record.horizon and not curve.twin]
    joined = [curve for curve in own if _joined(curve)]
    if not own:
        return ""
    if len(joined) == len(own):
        return f"{_HORIZON}: the median of the seeds, and {_OF_HULL} of the seeds."
    several = f"; of several seeds the median, and {_OF_HULL} of the seeds" if joined else ""
    return f"{_HORIZON}, with its 95 % interval{several}."


def _joined(curve: Curve) -> bool:
    return len(seeds(curve.record)) > 1


def _how(drawn: Sequence[Curve]) -> str:
    """Say how the intervals were made, where it is stored and the same for all."""
    found = {curve.record.settings.get("interval") for curve in drawn}
    how = found.pop() if len(found) == 1 else None
    return f" by {how[:120]}" if isinstance(how, str) else ""

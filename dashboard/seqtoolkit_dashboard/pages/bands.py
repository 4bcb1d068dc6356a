"""What is drawn beside a curve: its band (an interval, or the hull of those of seeds), its null, and its horizon."""

from __future__ import annotations

from collections.abc import Sequence

from seqtoolkit_dashboard.figures.memory_traces import Curve
from seqtoolkit_dashboard.pages.retained import seeds

_OF_HULL = "from the lowest to the highest limit of the 95 % intervals"
_LAG = "the largest lag up to which every one is above the threshold"
_CONTEXT = "the least context from which on the loss stays within 1 % of that with all inputs"
_NULLS = {
    "gradient": "the least that the arithmetic resolves",
    "influence": "the influence of the future, of which there must be none",
    "truncation": "the loss when what lies further back belongs to another target",
}


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


def dotted(drawn: Sequence[Curve]) -> str:
    """Say what the dotted line is."""
    names = {curve.record.protocol for curve in drawn}
    if len(names) > 1:
        return "Dotted: the null of each protocol."
    return f"Dotted: {_NULLS.get(names.pop(), 'what a model without memory reaches')}."


def horizons(drawn: Sequence[Curve]) -> str:
    """Say what the strip of horizons shows; nothing where there is none."""
    own = [curve for curve in drawn if curve.record.horizon and not curve.twin]
    joined = [curve for curve in own if _joined(curve)]
    if not own:
        return ""
    if len(joined) == len(own):
        return f"{_below(own)}: the median of the seeds, and {_OF_HULL} of the seeds."
    several = f"; of several seeds the median, and {_OF_HULL} of the seeds" if joined else ""
    return f"{_below(own)}, with its 95 % interval{several}."


def _below(drawn: Sequence[Curve]) -> str:
    names = {curve.record.protocol for curve in drawn}
    if "truncation" not in names:
        return f"Below: the horizon, {_LAG}"
    return f"Below: the effective context, {_CONTEXT}" + (
        f"; else the horizon, {_LAG}" if len(names) > 1 else ""
    )


def _joined(curve: Curve) -> bool:
    return len(seeds(curve.record)) > 1


def _how(drawn: Sequence[Curve]) -> str:
    """Say how the intervals were made, where it is stored and the same for all."""
    found = {curve.record.settings.get("interval") for curve in drawn}
    how = found.pop() if len(found) == 1 else None
    return f" by {how[:120]}" if isinstance(how, str) else ""

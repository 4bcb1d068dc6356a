"""Values that are asked for, as they stand in a summary of data, as channels of their own that can be drawn."""

from __future__ import annotations

import math
from dataclasses import replace

from seqtoolkit.data_record import DataSummary, Shown


def with_asked_values(found: DataSummary) -> DataSummary:
    """Add a channel for each output to the sequences of a task of values, where it is asked at several steps."""
    if found.target not in ("values", "quantiles"):
        return found
    names = [one.name for one in found.outputs]
    return replace(found, shown=[_with_channels(one, names) for one in found.shown])


def _with_channels(one: Shown, names: list[str]) -> Shown:
    """Take apart what is asked; one value alone stays a text, which is said with the sequence."""
    rows = [[_number(word) for word in text.split()] for text in one.asked]
    width = max(map(len, rows), default=0)
    if sum(any(map(math.isfinite, row)) for row in rows) < 2 or width > len(names):
        return one
    filled = [row or [math.nan] * width for row in rows]
    added = {
        f"asked: {name}": list(column) for name, column in zip(names, zip(*filled, strict=True), strict=False)
    }
    return replace(one, asked=[""] * len(one.asked), values={**one.values, **added})


def _number(word: str) -> float:
    """Read a value; not a number where it is unknown, or a run wrote none yet."""
    try:
        return float(word)
    except ValueError:
        return math.nan

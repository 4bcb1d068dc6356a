"""What a model is worth beside a baseline, as a table for the terminal. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

from seqtoolkit.compare.words import figure, interval
from seqtoolkit.quality import Quality
from seqtoolkit.runs_command import table

COLUMNS = ("measure", "estimate [95 %]", "baseline", "its value", "skill [95 %]", "n")


def quality_table(records: Iterable[Quality]) -> str:
    """Return a line for each measure under a header, or nothing where there is none."""
    rows = [_row(record) for record in records]
    return table([COLUMNS, *rows]) if rows else ""


def _row(one: Quality) -> tuple[str, ...]:
    return (
        f"{one.measure} ({one.unit})" if one.unit else one.measure,
        interval(one.to_dict()),
        one.baseline or "-",
        figure(one.baseline_estimate),
        interval({"estimate": one.skill, "lower": one.skill_lower, "upper": one.skill_upper}),
        f"{one.n:,}",
    )

"""What a model is worth beside a baseline, as a table for the terminal. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

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
        _interval(one.estimate, one.lower, one.upper),
        one.baseline or "-",
        _number(one.baseline_estimate),
        _interval(one.skill, one.skill_lower, one.skill_upper),
        f"{one.n:,}",
    )


def _interval(middle: float | None, lower: float | None, upper: float | None) -> str:
    known = lower is not None and upper is not None
    return f"{_number(middle)} [{_number(lower)}, {_number(upper)}]" if known else _number(middle)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"

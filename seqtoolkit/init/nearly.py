"""Columns that are nearly numbers, or nearly times: they are left out of a configuration, and what to mend is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqtoolkit.data.tabular.tables import polars

if TYPE_CHECKING:
    from polars import Series

MOST = 0.9  # of the cells: then the column is meant so
COMMAS = r"^\s*[+-]?\d[\d.]*(,\d+)+\s*$"


def spoilt(column: Series) -> str:
    """Say what keeps a column of texts from being one of numbers, or nothing where it is meant to be texts."""
    pl = polars()
    texts = column.drop_nulls()
    if texts.dtype != pl.String or not len(texts):
        return ""
    odd = texts.filter(texts.str.strip_chars().cast(pl.Float64, strict=False).is_null())
    if not len(odd):
        return f"{column.name!r}, which is left out, has spaces behind its numbers; write them without"
    if len(odd) <= (1 - MOST) * len(texts):
        return f"{column.name!r}, which is left out, has {odd[0]!r:.40} among its numbers; leave such cells empty"
    if odd.str.contains(COMMAS).sum() > MOST * len(texts):
        return f"{column.name!r}, which is left out, has a comma in its numbers, such as {odd[0]!r:.40}; write 1234.5"
    return ""


def no_time(column: Series) -> str:
    """Say of a column that is called like a time, and cannot be read as one, what it would look like."""
    text = next(iter(map(str, column.drop_nulls().head(1))), "nothing")
    return (
        f"{column.name!r}, which is left out, is called like a time, and has {text!r:.40}; write numbers, or dates such"
        " as 2026-01-31T12:00:00, or say how they are written: time and time_format, such as '%d/%m/%Y'"
    )

"""What becomes of cells without a value, and of texts that training has not met: an explicit choice, never silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.tabular.coder import MISSING
from seqtoolkit.data.tabular.order import Segments
from seqtoolkit.data.tabular.table import Codes, Table

Missing = Literal["error", "forward", "mask"]
Unseen = Literal["error", "unknown"]
_CHOICES = (
    "Fill it in, or choose --data.missing forward (the last value known before it) or mask (likewise, and a channel"
    " that says which values are known)"
)


def gaps(table: Table, channels: int) -> NDArray[np.int64]:
    """Find which of the first columns of a table miss values."""
    missing = [column for column in range(channels) if np.isnan(table.values[:, column]).any()]
    return np.array(missing, np.int64)


def refuse_missing(table: Table, channels: Sequence[str], categorical: Sequence[str]) -> None:
    """Raise ValueError for the first channel that misses a value, with its row."""
    for column, name in enumerate(channels):
        for row in np.flatnonzero(np.isnan(table.values[:, column]))[:1]:
            raise ValueError(f"{table.place(int(row))}: channel {name!r} has no value. {_CHOICES}")
    for column, name in enumerate(categorical):
        for row in np.flatnonzero(table.codes[:, column] == MISSING)[:1]:
            raise ValueError(f"{table.place(int(row))}: column {name!r} is empty. {_CHOICES}")


def fill(table: Table, segments: Segments, columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Carry the last known value of these scaled columns forward, in place; before the first one it is the mean, 0.

    Nothing is carried from one segment into another. Returns (L, M): which values were there.
    """
    known = np.empty((len(table), len(columns)), bool)
    for number, column in enumerate(columns):
        values = table.values[:, column]
        known[:, number] = ~np.isnan(values)
        source = _last(known[:, number], segments)
        table.values[:, column] = np.where(source < 0, 0, values[source])
    for column in range(table.codes.shape[1]):
        codes = table.codes[:, column]
        source = _last(codes != MISSING, segments)
        table.codes[:, column] = np.where(source < 0, MISSING, codes[source])
    return known


def _last(known: NDArray[np.bool_], segments: Segments) -> NDArray[np.int64]:
    """Return for each row the last known one of its segment, itself included, or -1."""
    source = np.where(known, np.arange(len(known)), -1)
    np.maximum.accumulate(source, out=source)
    begin = np.repeat(segments.starts, segments.stops - segments.starts)
    source[source < begin] = -1
    return source


def levels_of(table: Table, rows: NDArray[np.bool_], columns: Sequence[str]) -> list[list[str]]:
    """Return the texts of each categorical column that stand in the training rows, in alphabetical order.

    Raises ValueError for a column that has none.
    """
    found = []
    for column, texts in enumerate(table.levels):
        met = np.unique(table.codes[rows, column])
        found.append(sorted(texts[code] for code in met if code != MISSING))
        if not found[-1]:
            raise ValueError(
                f"{table.file}: column {columns[column]!r} has no text in its"
                f" {int(rows.sum()):,} training rows; leave it out of --data.categorical"
            )
    return found


def recode(table: Table, columns: Sequence[str], levels: Sequence[Sequence[str]], unseen: Unseen) -> Codes:
    """Number texts (L, C) as training does; a missing or an unknown one is the number after the last.

    Raises ValueError with file and row for a text that training has not met, where that is an error.
    """
    codes = np.empty_like(table.codes)
    for column, name in enumerate(columns):
        places = {text: number for number, text in enumerate(levels[column])}
        map_to = np.array([places.get(text, -2) for text in table.levels[column]] + [len(places)], np.int32)
        codes[:, column] = map_to[table.codes[:, column]]  # MISSING is -1, the last of the map
        for row in np.flatnonzero(codes[:, column] == -2)[:1] if unseen == "error" else ():
            raise ValueError(
                f"{table.place(int(row))}: column {name!r} has {table.levels[column][table.codes[row, column]]!r:.80},"
                f" which is not in the training rows; they have {', '.join(levels[column][:10]):.200}."
                " Choose --data.unseen unknown to read it as none of them"
            )
        codes[codes[:, column] == -2, column] = len(places)
    return codes

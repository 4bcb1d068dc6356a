"""The order of a table's rows: group by group and forward in time; the segments that a window may not leave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.tabular.clock import Clock, with_step
from seqtoolkit.data.tabular.table import Table

Gaps = Literal["error", "split", "ignore"]
_BYTES = 64 << 20  # of values that are moved at once


@dataclass(frozen=True)
class Segments:
    """S runs of rows in a table, one after the other: a group, or a part of one between two gaps."""

    starts: NDArray[np.int64]  # (S,)
    stops: NDArray[np.int64]  # (S,)
    group: NDArray[np.int32]  # (S,)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def longest(self) -> int:
        """Rows of the longest segment."""
        return int((self.stops - self.starts).max())


def in_order(table: Table, gaps: Gaps) -> tuple[Table, Segments]:
    """Bring the rows of each group together, in the order of the file, and find the segments.

    Raises ValueError with file and rows when time stands still or goes back, and for a gap where none is allowed.
    """
    table = _together(table)
    first = np.ones(len(table), bool)
    first[1:] = table.group[1:] != table.group[:-1]
    if table.times is not None:
        assert table.clock is not None
        _check_forward(table, first)
        clock = with_step(table.clock, table.times, first) if table.clock.step is None else table.clock
        table = replace(table, clock=clock)
        if clock.step is not None and gaps != "ignore":
            first |= _after_gaps(table, clock, first, gaps)
    starts = np.flatnonzero(first)
    return table, Segments(starts, np.append(starts[1:], len(table)), table.group[starts])


def _together(table: Table) -> Table:
    """Sort the rows by group, keeping their order otherwise; most files are sorted already."""
    if (np.diff(table.group) >= 0).all():
        return table
    order = np.argsort(table.group, kind="stable")
    width = max(1, _BYTES // max(1, 4 * len(table)))
    for column in range(0, table.values.shape[1], width):  # in place: the values may fill half of the memory
        part = slice(column, column + width)
        table.values[:, part] = table.values[order, part]
    return replace(
        table,
        group=table.group[order],
        codes=table.codes[order],
        labels=table.labels[order] if len(table.labels) else table.labels,
        times=None if table.times is None else table.times[order],
        row=order + 1 if table.row is None else table.row[order],
    )


def _check_forward(table: Table, first: NDArray[np.bool_]) -> None:
    assert table.times is not None
    assert table.clock is not None
    ahead = np.diff(table.times) > 0
    for number in np.flatnonzero(~(ahead | first[1:]))[:1]:
        before, now = table.clock.write(table.times[number]), table.clock.write(table.times[number + 1])
        group = f" in group {table.groups[table.group[number]]!r}" if len(table.groups) > 1 else ""
        what = (
            f"time {now} stands twice{group} (also in {table.place(number).rpartition(', ')[2]});"
            " keep one row for each time, or name the column that tells series apart: --data.group"
            if before == now
            else f"time {now} comes after {before}{group}; sort the file by time,"
            " or name the column that tells series apart: --data.group"
        )
        raise ValueError(f"{table.place(number + 1)}: {what}")


def _after_gaps(table: Table, clock: Clock, first: NDArray[np.bool_], gaps: Gaps) -> NDArray[np.bool_]:
    """Mark the rows before which time jumps further than a step, or less far."""
    assert table.times is not None
    assert clock.step is not None
    steps = np.diff(clock.places(table.times)) / clock.step
    odd = np.zeros(len(table), bool)
    odd[1:] = (np.abs(steps - 1) > 1e-3) & ~first[1:]
    if gaps == "error":
        for number in np.flatnonzero(odd)[:1]:
            before, now = clock.write(table.times[number - 1]), clock.write(table.times[number])
            raise ValueError(
                f"{table.place(int(number))}: {now} comes {steps[number - 1]:.6g} steps after {before} ({odd.sum():,}"
                " such places), where rows are otherwise one step apart. Fill in the missing rows, or choose"
                " --data.gaps split (a window never reaches across) or ignore (they count as one step)"
            )
    return odd

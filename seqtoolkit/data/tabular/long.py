"""Read a series in long form: a line for each value, with its time, its group and the name of its channel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.tabular.clock import Times
from seqtoolkit.data.tabular.coder import MISSING, Coder
from seqtoolkit.data.tabular.columns import Columns
from seqtoolkit.data.tabular.table import Floats, Known, Reader, Table, infinite
from seqtoolkit.data.tabular.tables import TableFile


class Lines:
    """The columns of a long file, in its order: 4 + 4 + 8 + 8 bytes a line."""

    def __init__(self, count: int) -> None:
        self.group = np.zeros(count, np.int32)
        self.channel = np.empty(count, np.int32)
        self.value = np.empty(count, np.float64)
        self.time: Times = np.empty(count, np.int64)
        self.label = np.zeros(0, np.int32)


def read_long(file: TableFile, columns: Columns, asked: bool, known: Known) -> tuple[Table, Columns]:
    """Read the lines and join those of the same time and group to rows.

    Returns the table, and the columns with the names of all channels where none were chosen.
    Raises ValueError with file and row: two values for one place, and as for the wide form.
    """
    reader, names = Reader(file, columns, asked, known), Coder(columns.values if asked else columns.numbers)
    lines = _read(reader, names, file.rows)
    columns = _named(file.name, columns, names, known)
    wanted = columns.values if asked else columns.numbers
    met = set(np.unique(lines.channel).tolist())
    if lost := [name for name in wanted if names.codes[name] not in met]:
        found = [name for code, name in enumerate(names.texts) if code in met]
        raise ValueError(
            f"{file.name} has no channel {lost[0]!r} in its column {columns.name!r}; it has {', '.join(found):.200}"
        )
    column = {name: number for number, name in enumerate(wanted)}
    place = np.array([column.get(name, MISSING) for name in names.texts])
    lines.channel = place[lines.channel].astype(np.int32)
    order = _sorted(lines)
    group, time = lines.group[order], lines.time[order]
    new = _begins(lines, order)
    values, origin = _pivot(file.name, lines, order, new.cumsum() - 1, wanted, known)
    labels = lines.label[order][new] if len(lines.label) else lines.label
    codes = np.empty((len(values), 0), np.int32)
    table = reader.table(wanted, values, origin, group[new], codes, labels, time[new])
    return _with_own_groups(replace(table, row=order[new] + 1)), columns


def _with_own_groups(table: Table) -> Table:
    """Number the groups anew without those that have lines of other channels only: splits count the groups."""
    met, group = np.unique(table.group, return_inverse=True)
    return replace(table, group=group.astype(np.int32), groups=[table.groups[code] for code in met.tolist()])


def _read(reader: Reader, names: Coder, count: int) -> Lines:
    lines, columns, labels = Lines(count), reader.columns, []
    for piece in reader.pieces():
        part = slice(reader.rows, reader.rows + len(piece))
        lines.group[part] = reader.group(piece)
        lines.channel[part] = names(piece[columns.name])
        for row in np.flatnonzero(lines.channel[part] == MISSING)[:1]:
            reader.refuse(row, f"column {columns.name!r} is empty; expected the name of a channel")
        lines.value[part] = piece[columns.value].to_numpy()
        for row in np.flatnonzero(np.isinf(lines.value[part]))[:1]:
            reader.refuse(row, infinite(np.inf, columns.value))
        times = reader.times(piece)
        if times.dtype != lines.time.dtype:
            lines.time = lines.time.astype(np.float64)
        lines.time[part] = times
        labels.append(reader.labels(piece))
    lines.label = np.concatenate(labels)
    return lines


def _sorted(lines: Lines) -> NDArray[np.int64]:
    """Return the lines of chosen channels by group and time: others would make rows without any value."""
    if len(lines.label):  # which may stand in the lines of other channels only
        _share_labels(lines)
    chosen = np.flatnonzero(lines.channel != MISSING)
    return chosen[np.lexsort((lines.time[chosen], lines.group[chosen]))]


def _share_labels(lines: Lines) -> None:
    """Give all lines of a time and group the label that stands first among them."""
    order = np.lexsort((lines.time, lines.group))
    row = _begins(lines, order).cumsum() - 1
    labels = lines.label[order]
    found = np.flatnonzero(labels != MISSING)[
        ::-1
    ]  # of several for one row, the last that is set is the first
    first = np.full(int(row[-1]) + 1, MISSING, np.int32)
    first[row[found]] = labels[found]
    lines.label[order] = first[row]


def _begins(lines: Lines, order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which of the ordered lines are the first of a row."""
    group, time = lines.group[order], lines.time[order]
    new = np.ones(len(order), bool)
    new[1:] = (group[1:] != group[:-1]) | (time[1:] != time[:-1])
    return new


def _named(file: str, columns: Columns, names: Coder, known: Known) -> Columns:
    """Complete the channels with all that were found, and refuse those that were not."""
    if columns.numbers or known.origin is not None:
        found = columns
    else:
        asked = columns.targets if columns.task == "regression" else []
        found = replace(columns, numbers=[name for name in names.texts if name not in asked])
    if columns.task in ("forecast", "next") and not found.targets:
        found = replace(found, targets=found.numbers)
    return found


def _pivot(
    file: str, lines: Lines, order: NDArray[np.int64], row: NDArray[np.int64], wanted: list[str], known: Known
) -> tuple[Floats, NDArray[np.float64]]:
    """Put each value in its row (L,) and column."""
    values = np.full((int(row[-1]) + 1, len(wanted)), np.nan, np.float32)
    origin = np.full(len(wanted), np.nan) if known.origin is None else known.origin.copy()
    for column in range(len(wanted)):
        at = np.flatnonzero(lines.channel[order] == column)
        for twice in np.flatnonzero(row[at][1:] == row[at][:-1])[:1]:
            first, second = sorted(int(order[line]) + 1 for line in at[twice : twice + 2])
            raise ValueError(
                f"{file}, rows {first:,} and {second:,}: two values of {wanted[column]!r} at one time; keep one of them"
            )
        found = lines.value[order[at]]
        real = found[~np.isnan(found)]
        if np.isnan(origin[column]) and len(real):
            origin[column] = real[0]
        values[row[at], column] = found - np.nan_to_num(origin[column])
    return values, origin

"""Read a series in wide form: a row for each time step, a column for each channel."""

from __future__ import annotations

import numpy as np

from seqtoolkit.data.tabular.columns import Columns
from seqtoolkit.data.tabular.table import Known, Reader, Shifted, Table, infinite
from seqtoolkit.data.tabular.tables import TableFile


def read_wide(file: TableFile, columns: Columns, asked: bool, known: Known) -> Table:
    """Read the columns that are needed; each piece of the file is turned into float32 at once.

    `asked` says whether targets that are not channels are read too.
    Raises ValueError with file, row and column.
    """
    reader = Reader(file, columns, asked, known)
    names = columns.values if asked else columns.numbers
    rows, shifted = file.rows, Shifted(len(names), known)
    values = np.empty((rows, len(names)), np.float32)
    group = np.zeros(rows, np.int32)
    codes = np.empty((rows, len(columns.categorical)), np.int32)
    labels, times = [], []
    for piece in reader.pieces():
        part = slice(reader.rows, reader.rows + len(piece))
        numbers = piece.select(names).to_numpy()
        values[part] = shifted(numbers)
        if np.isinf(values[part]).any():
            row, column = np.argwhere(np.isinf(values[part]))[0]
            reader.refuse(row, infinite(numbers[row, column], names[column]))
        group[part] = reader.group(piece)
        for number, coder in enumerate(reader.levels):
            codes[part, number] = coder(piece[columns.categorical[number]])
        labels.append(reader.labels(piece))
        if columns.time is not None:
            times.append(reader.times(piece))
    return reader.table(
        names,
        values,
        shifted.origin,
        group,
        codes,
        np.concatenate(labels),
        np.concatenate(times) if times else None,
    )

"""A table of a series in memory: one row of float32 for each time step, codes for texts, all rows of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.tabular.clock import Clock, Times, clock_of
from seqtoolkit.data.tabular.coder import MISSING, Coder
from seqtoolkit.data.tabular.columns import Columns
from seqtoolkit.data.tabular.tables import TableFile

if TYPE_CHECKING:
    from polars import DataFrame

Floats = NDArray[np.float32]
Codes = NDArray[np.int32]


@dataclass
class Known:
    """What was found in another file before, and holds for this one too."""

    origin: NDArray[np.float64] | None = None  # (W,) what is subtracted from each column of values
    levels: list[list[str]] = field(default_factory=list)  # texts of each categorical column
    classes: list[str] = field(default_factory=list)
    clock: Clock | None = None


@dataclass
class Table:
    """L rows of W values. A value is stored as its difference from `origin`, so that float32 keeps small changes."""

    file: str
    columns: list[str]  # the W names: channels, then values that are only asked for
    values: Floats  # (L, W), NaN where missing
    origin: NDArray[np.float64]  # (W,)
    group: Codes  # (L,)
    groups: list[str]
    codes: Codes  # (L, C)
    levels: list[list[str]]
    labels: Codes  # (L,) or (0,) where there are none
    classes: list[str]
    times: Times | None  # (L,)
    clock: Clock | None
    row: NDArray[np.int64] | None = None  # (L,) which row of the file, from 1; null: in the order of the file

    def __len__(self) -> int:
        return len(self.values)

    def place(self, number: int) -> str:
        """Name the file and the row of row `number` of this table."""
        return f"{self.file}, row {number + 1 if self.row is None else int(self.row[number]):,}"


class Reader:
    """Takes the pieces of a file apart; what all forms have in common."""

    def __init__(self, file: TableFile, columns: Columns, asked: bool, known: Known) -> None:
        columns.require(file, asked)
        self.file, self.columns, self.known = file, columns, known
        self.label = columns.label if asked else None
        self.kinds = columns.kinds(asked)
        self.groups = Coder()
        self.levels = [Coder(levels) for levels in known.levels or [[] for _ in columns.categorical]]
        self.classes = Coder(known.classes)
        self.clock: Clock | None = None  # of this file
        self.rows = 0  # that were read

    def pieces(self) -> Iterator[DataFrame]:
        """Yield the pieces of the file, and count their rows."""
        for piece in self.file.pieces(self.kinds):
            yield piece
            self.rows += len(piece)

    def group(self, piece: DataFrame) -> Codes:
        """Return the number of each row's group; raises ValueError for a row without one."""
        name = self.columns.group
        if name is None:
            return np.zeros(len(piece), np.int32)
        codes = self.groups(piece[name])
        for row in np.flatnonzero(codes == MISSING)[:1]:
            self.refuse(int(row), f"column {name!r} is empty; expected the group that the row belongs to")
        return codes

    def times(self, piece: DataFrame) -> Times:
        """Return the time of each row; raises ValueError for a row without one."""
        name = self.columns.time
        assert name is not None
        if self.clock is None:
            self.clock = clock_of(piece[name], self.columns.time_format, self.file.name, self.known.clock)
        times, missing = self.clock.read(piece[name])
        for row in map(int, np.flatnonzero(missing)[:1]):
            what = "is empty" if piece[name][row] is None else f"has {piece[name][row]!r:.80}"
            self.refuse(row, f"the time column {name!r} {what}; expected a time such as those of other rows")
        return times

    def labels(self, piece: DataFrame) -> Codes:
        """Return the class of each row, MISSING where it has none."""
        return self.classes(piece[self.label]) if self.label else np.zeros(0, np.int32)

    def refuse(self, row: int, what: str) -> NoReturn:
        """Raise ValueError for a row (from 0) of the piece that is being read."""
        raise ValueError(f"{self.file.name}, row {self.rows + int(row) + 1:,}: {what}")

    def table(
        self,
        columns: list[str],
        values: Floats,
        origin: NDArray[np.float64],
        group: Codes,
        codes: Codes,
        labels: Codes,
        times: Times | None,
    ) -> Table:
        """Join what was read with what was found on the way."""
        return Table(
            file=self.file.name,
            columns=columns,
            values=values,
            origin=origin,
            group=group,
            groups=self.groups.texts or [""],
            codes=codes,
            levels=[coder.texts for coder in self.levels],
            labels=labels,
            classes=self.classes.texts,
            times=times,
            clock=self.clock,
        )


class Shifted:
    """Values on their way to float32: the first one of each column is subtracted, unless another origin is known."""

    def __init__(self, width: int, known: Known) -> None:
        self.origin = np.full(width, np.nan) if known.origin is None else known.origin.copy()

    def __call__(self, values: NDArray[np.float64]) -> Floats:
        """Return (n, W) float32; what is infinite there was so before, or is too large for float32."""
        new = np.isnan(self.origin)
        if new.any():
            known = ~np.isnan(values)
            first = values[known.argmax(0), np.arange(len(self.origin))]
            self.origin[new] = np.where(np.isfinite(first), first, np.nan)[new]
        with np.errstate(over="ignore", invalid="ignore"):
            return (values - np.nan_to_num(self.origin)).astype(np.float32)


def infinite(value: float, column: str) -> str:
    """Say that a value is infinite or too large."""
    what = "is infinite" if np.isinf(value) else f"has {value:g}, too large for single precision"
    return f"column {column!r} {what}; expected a finite number, or an empty cell where it is not known"

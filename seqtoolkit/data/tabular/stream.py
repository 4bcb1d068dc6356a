"""Rows of series that come one by one: each is prepared as `predict` prepares a file, and answered at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.data.row_stream import RowRead
from seqtoolkit.data.tabular.coder import MISSING
from seqtoolkit.data.tabular.order import Segments, in_order
from seqtoolkit.data.tabular.plan import Plan
from seqtoolkit.data.tabular.prepare import Read, known_of, prepare
from seqtoolkit.data.tabular.source import MISSING as EMPTY
from seqtoolkit.data.tabular.table import Floats, Reader, Shifted, Table, infinite
from seqtoolkit.data.tabular.tables import TableFile, polars, text_found
from seqtoolkit.data.tabular.written import Written

_BOOLEANS = {"true": 1.0, "false": 0.0}


class Row(NamedTuple):
    """One row as it was read."""

    number: int  # from 1
    group: str
    time: Any  # int64 or float64; 0 where there is no time
    values: Floats  # (W,) minus the origin, NaN where missing
    texts: list[str | None]  # of each categorical column


@dataclass
class Group:
    """What is kept of one group."""

    recent: deque[Tensor]  # inputs (F,) of the rows that a new window begins with
    last: Row | None = None  # with values and texts carried forward
    index: int = -1  # of the last row in its segment


@dataclass
class SeriesStream:
    """Rows of the wide form (whatever the form of the training files): each group has a state of its own.

    A state is carried from row to row, and begins anew where a window of `predict` does: so a step is answered as
    `predict` answers it, from no more steps than the model was trained with, and what is kept of a group is bounded.

    Args:
        name: of what is read, for messages.
        head: the columns, in their order.
        plan: of the checkpoint.
        spec: of the checkpoint.
        history: steps before the first answer of a window.

    Raises ValueError for a column that is not there; while it is read, with the row, as reading a file does.
    """

    name: str
    head: list[str]
    plan: Plan
    spec: dict[str, Any]
    history: int
    _groups: dict[str, Group] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pl = polars()
        self._refuse_long()
        self.columns = replace(self.plan.columns, form="wide")
        file = TableFile(
            self.name,
            "",
            dict.fromkeys(self.head, pl.String),
            lambda _: pl.LazyFrame(schema=self.head),
            str,
        )
        known = known_of(self.plan, False, [])
        self._reader = Reader(file, self.columns, False, known)
        self._shifted = Shifted(len(self.columns.numbers), known)
        self._written = Written(self.plan, self.spec)
        self._kept = self.history if self.plan.window is not None else 0
        self._at_end = self.plan.forecasts or self.plan.at == "end"

    def _refuse_long(self) -> None:
        """Say what rows look like, where the lines are as those of a long training file."""
        long = self.plan.columns
        if long.form == "long" and {long.name, long.value} <= set(self.head):
            raise ValueError(
                f"{self.name} has a line for each value ({long.name!r} and {long.value!r}), and rows that are streamed"
                f" are of the wide form: a column for each channel, {', '.join(long.numbers):.200}; leave out --stream"
                " to read the long form"
            )

    def read(self, number: int, cells: Sequence[str]) -> RowRead:
        """Prepare row `number`, counted from 1; raises ValueError with the row for what cannot be read."""
        row = self._row(number, dict(zip(self.head, cells, strict=True)))
        group = self._groups.setdefault(row.group, Group(deque(maxlen=self._kept)))
        before = None if group.last is None or self._gap(group.last, row) else group.last
        if before is None:
            row, group.index = self._first(row), -1
            group.recent.clear()
        inputs = self._inputs(before, row)
        group.last = row if before is None else _carried(before, row)
        group.index += 1
        anew = before is None or self._begins(group.index)
        earlier = [*group.recent] if anew else []
        group.recent.append(inputs)
        return RowRead(row.group, torch.stack([*earlier, inputs])[None], anew)

    def answers(self, scores: Tensor) -> list[dict[str, Any]]:
        """Return the lines that are written for the last row that was read, from the scores (1, V) after it."""
        return self._written(self._table, [len(self._table) - 1], scores)[0]

    def _begins(self, index: int) -> bool:
        """Say whether a window begins before row `index` of a segment, so that its own answers begin with that row.

        Windows of steps are those of `series_windows.cover`. A forecast is answered from as many steps as can be.
        """
        if self.plan.window is None or index <= self.history:
            return False
        return (index - (self.history if self._at_end else 0)) % (self.plan.window - self.history) == 0

    def _row(self, number: int, cells: dict[str, str]) -> Row:
        columns, self._reader.rows = self.columns, number - 1
        numbers = np.array([self._number(number, name, cells[name]) for name in columns.numbers])
        values = self._shifted(numbers[None])[0]
        for column in np.flatnonzero(np.isinf(values))[:1]:
            self._reader.refuse(0, infinite(numbers[column], columns.numbers[column]))
        texts = [None if cells[name] in EMPTY else cells[name] for name in columns.categorical]
        group = cells[columns.group] if columns.group is not None else ""
        if columns.group is not None and group in EMPTY:
            self._reader.refuse(
                0, f"column {columns.group!r} is empty; expected the group that the row belongs to"
            )
        return Row(number, group, self._time(cells), values, texts)

    def _number(self, number: int, name: str, text: str) -> float:
        if text in EMPTY:
            return np.nan
        try:
            foreign = "_" in text or not text.isascii()  # which Python reads, and polars does not
            return float(_BOOLEANS.get(text.lower(), "" if foreign else text))
        except ValueError:
            raise ValueError(text_found(self.name, name, number, text)) from None

    def _time(self, cells: dict[str, str]) -> Any:
        time = self.columns.time
        if time is None:
            return 0
        cell = None if cells[time] in EMPTY else cells[time]
        return self._reader.times(polars().DataFrame({time: [cell]}, schema={time: polars().String}))[0]

    def _gap(self, last: Row, row: Row) -> bool:
        """Say whether a row begins a segment of its own; raises ValueError for one that may not follow the last."""
        return (
            self.columns.time is not None and len(in_order(self._joined([last, row]), self.plan.gaps)[1]) > 1
        )

    def _first(self, row: Row) -> Row:
        """Return the first row of a segment: where nothing can be carried forward yet, the mean stands."""
        return row._replace(values=np.nan_to_num(row.values)) if self.plan.missing == "forward" else row

    def _inputs(self, before: Row | None, row: Row) -> Tensor:
        """Return what is read of a row (F,), and keep its table for what is written of it."""
        rows = [row] if before is None else [before, row]
        self._table, count = self._joined(rows), len(rows)
        whole = Segments(np.array([0]), np.array([count]), np.zeros(1, np.int32))
        read = Read(self._table, whole, self.columns)
        found = prepare(read, self.plan, np.zeros(count, np.uint8), []).rows
        return found.inputs(torch.tensor([count - 1]), found.values[-1:])[0]

    def _joined(self, rows: list[Row]) -> Table:
        """Return rows of one group as a table."""
        width = len(self.columns.categorical)
        codes = [[MISSING if text is None else place for text in row.texts] for place, row in enumerate(rows)]
        return Table(
            file=self.name,
            columns=self.columns.numbers,
            values=np.stack([row.values for row in rows]),
            origin=self._shifted.origin.copy(),
            group=np.zeros(len(rows), np.int32),
            groups=[rows[0].group],
            codes=np.array(codes, np.int32).reshape(len(rows), width),
            levels=[[row.texts[column] or "" for row in rows] for column in range(width)],
            labels=np.zeros(0, np.int32),
            classes=[],
            times=None if self.columns.time is None else np.array([row.time for row in rows]),
            clock=self._reader.clock,
            row=np.array([row.number for row in rows]),
        )


def _carried(before: Row, row: Row) -> Row:
    """Return a row with the last known values and texts in the place of those that are missing."""
    values = np.where(np.isnan(row.values), before.values, row.values)
    texts = [old if new is None else new for old, new in zip(before.texts, row.texts, strict=True)]
    return row._replace(values=values, texts=texts)

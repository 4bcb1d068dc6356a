"""Center and scale of each column of values, fitted on training rows only; applied in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.tabular.table import Table
from seqtoolkit.files import is_number

Constant = Literal["error", "drop"]
_ROWS = 1 << 14  # that are looked at at once


@dataclass(frozen=True)
class Scaling:
    """x in the model = (x - center) / scale, for each column of values by name."""

    center: NDArray[np.float64]  # (W,)
    scale: NDArray[np.float64]  # (W,)

    def apply(self, table: Table) -> None:
        """Turn the values of a table into the model's, in place; their origin becomes the center."""
        shift = (self.center - table.origin).astype(np.float32)
        scale = self.scale.astype(np.float32)
        for part in _parts(table):
            table.values[part] -= shift
            table.values[part] /= scale
        table.origin[:] = self.center

    @classmethod
    def of(cls, values: Sequence[Any], scales: Sequence[Any]) -> Self:
        """Check values from a checkpoint; raises ValueError when they are no numbers, or a scale is not above 0."""
        if not all(map(is_number, [*values, *scales])) or min(scales, default=1) <= 0:
            raise ValueError("a center is a finite number, and a scale one above 0")
        return cls(np.array(values, np.float64), np.array(scales, np.float64))


@dataclass(frozen=True)
class Spread:
    """What the training rows say of each column: how many values, and how they are spread about the origin."""

    count: NDArray[np.int64]  # (W,)
    mean: NDArray[np.float64]  # (W,) minus the origin
    deviation: NDArray[np.float64]  # (W,)
    low: NDArray[np.float32]  # (W,)
    high: NDArray[np.float32]  # (W,)


def spread(table: Table, rows: NDArray[np.bool_]) -> Spread:
    """Count the training rows of a table, in double precision."""
    width = table.values.shape[1]
    count, total, squares = np.zeros(width, np.int64), np.zeros(width), np.zeros(width)
    low, high = np.full(width, np.inf, np.float32), np.full(width, -np.inf, np.float32)
    for part in _parts(table):
        some = table.values[part][rows[part]]
        known = ~np.isnan(some)
        count += known.sum(0)
        exact = np.where(known, some, 0).astype(np.float64)
        total += exact.sum(0)
        squares += (exact**2).sum(0)
        low, high = (
            np.fmin(low, np.fmin.reduce(some, 0, initial=np.inf)),
            np.fmax(high, np.fmax.reduce(some, 0, initial=-np.inf)),
        )
    mean = total / np.maximum(count, 1)
    variance = np.maximum(squares / np.maximum(count, 1) - mean**2, 0)
    return Spread(count, mean, np.sqrt(variance), low, high)


def fit(table: Table, rows: NDArray[np.bool_], constant: Constant) -> tuple[Scaling, list[str]]:
    """Find center (mean) and scale (standard deviation) of each column over the training rows.

    Returns the columns to drop, too: constant ones, where that is wanted.
    Raises ValueError for a column without a value in the training rows, and for a constant one.
    """
    found = spread(table, rows)
    for column in np.flatnonzero(found.count == 0)[:1]:
        raise ValueError(
            f"{table.file}: column {table.columns[column]!r} has no value in its {rows.sum():,} training rows;"
            f" leave it out: {others(table.columns, [table.columns[column]])}"
        )
    still = [
        name for name, low, high in zip(table.columns, found.low, found.high, strict=True) if low == high
    ]
    if still and constant == "error":
        value = table.origin[table.columns.index(still[0])] + found.low[table.columns.index(still[0])]
        raise ValueError(
            f"{table.file}: column {still[0]!r} is {value:g} in all training rows ({len(still)} such columns), and says"
            f" nothing; choose --data.constant drop, or leave it out: {others(table.columns, still)}"
        )
    scale = np.where(found.low == found.high, 1.0, found.deviation)
    return Scaling(table.origin + found.mean, np.where(scale > 0, scale, 1.0)), still


def others(columns: Sequence[str], without: Sequence[str]) -> str:
    """Write the option that leaves columns out."""
    gone = set(without)
    left = [name for name in columns if name not in gone]
    shown = ", ".join(left[:8]) + (", ..." if len(left) > 8 else "")
    return f"--data.channels '[{shown}]'"


def _parts(table: Table) -> Iterator[slice]:
    """Yield parts of the rows, of about as many values each."""
    step = max(1, _ROWS * 16 // max(1, table.values.shape[1]))
    for start in range(0, len(table), step):
        yield slice(start, start + step)

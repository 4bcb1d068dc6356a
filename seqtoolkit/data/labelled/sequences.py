"""N sequences of F channels as a file has them, with one label for each where it has labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Values = NDArray[np.floating[Any]]  # double precision where the file needs it: centring is done in it
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sequences:
    """The steps of N sequences, one after the other (L in all); a value that is missing is NaN.

    Args:
        path: of the file, as it was given.
        lengths: (N,) steps of each, at least 1.
        values: (L, F).
        channels: F names.
        labels: of each sequence, as written (classes), or numbers (N,) of a regression; None where there are none.
        classes: in the order in which the file declares them, where it does.
        unit: what a place in the file is called, such as "line".
        places: (N,) where in the file each sequence is.
        groups: whom or what each sequence is of, such as a subject or a machine; None where the file does not say.
    """

    path: str
    lengths: Ints
    values: Values
    channels: tuple[str, ...]
    labels: tuple[str, ...] | NDArray[np.float64] | None = None
    classes: tuple[str, ...] = ()
    unit: str = "row"
    places: Ints | None = None
    groups: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def starts(self) -> Ints:
        """Where each sequence begins in `values` (N,)."""
        return self.lengths.cumsum() - self.lengths

    def series(self, row: int) -> Values:
        """Return the values of one sequence (T, F)."""
        return self.values[self.starts[row] : self.starts[row] + self.lengths[row]]

    def where(self, row: int) -> str:
        """Say where a sequence is: "vowels.ts, line 12"."""
        place = row + 1 if self.places is None else self.places[row]
        return f"{self.path}, {self.unit} {place}"

    def owner(self, step: int) -> int:
        """Return the sequence to which a row of `values` belongs."""
        return int(np.searchsorted(self.lengths.cumsum(), step, side="right"))

    def take(self, rows: Sequence[int] | Ints) -> Self:
        """Return some of the sequences, in this order."""
        rows = np.asarray(rows, dtype=np.int64)
        empty = self.values[:0]
        labels = self.labels
        if isinstance(labels, tuple):
            labels = tuple(labels[row] for row in rows.tolist())
        elif labels is not None:
            labels = labels[rows]
        places = rows + 1 if self.places is None else self.places[rows]
        return replace(
            self,
            lengths=self.lengths[rows],
            values=np.concatenate([empty, *(self.series(row) for row in rows.tolist())]),
            labels=labels,
            places=places,
            groups=None if self.groups is None else tuple(self.groups[row] for row in rows.tolist()),
        )


def check_steps(found: Sequences) -> None:
    """Refuse values that single precision cannot hold, with the place of the first; NaN is a missing value."""
    most = np.finfo(np.float32).max
    bad = (found.values > most) | (found.values < -most)  # without a copy of all values
    if bad.any():
        step, channel = np.argwhere(bad)[0]
        row = found.owner(int(step))
        value = found.values[step, channel]
        what = "is infinite" if np.isinf(value) else f"is {value:g}, too large for single precision,"
        raise ValueError(
            f"{found.where(row)}: channel {found.channels[channel]!r} {what} at step"
            f" {int(step) - int(found.starts[row]) + 1}; expected finite numbers"
        )


def in_order(found: Sequences, names: tuple[str, ...], what: str = "channels") -> Sequences:
    """Match channels by name, and bring them into the order of training.

    Raises ValueError when one is missing, or was not there in training.
    """
    if found.channels == names:
        return found
    lacking = [name for name in names if name not in found.channels]
    foreign = [name for name in found.channels if name not in names]
    if lacking or foreign:
        more = f"{lacking[0]!r} is missing" if lacking else f"{foreign[0]!r} was not there"
        raise ValueError(
            f"{found.path} has {len(found.channels)} {what}, and in training there were {len(names)}: {more};"
            f" expected the same {what}"
        )
    order = [found.channels.index(name) for name in names]
    return replace(found, values=found.values[:, order], channels=names)

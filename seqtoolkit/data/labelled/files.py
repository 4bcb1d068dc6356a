"""Read labelled sequences from a user's file: .ts, or .npz with the arrays x, y, lengths, channels and groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqtoolkit.data.labelled.arrays import NAMES, of_arrays
from seqtoolkit.data.labelled.npz_file import read_npz
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.labelled.ts_file import read_ts
from seqtoolkit.data.opened import STDIN

ENDINGS = (".ts", ".ts.gz", ".ts.xz", ".npz")


def read_labelled(path: str, split: str = "") -> Sequences:
    """Read a .ts file (see `read_ts`; also from standard input, -), or an .npz file.

    An .npz has `x`, (N, T, F) or (N, T) numbers; `y`, (N,) classes (whole numbers or texts) or values (floats);
    `lengths`, (N,) steps of each where they are not all T; `channels`, F names; `groups`, (N,)
    texts or whole numbers: whom or what each is of. The arrays of one split may be called
    x_train, y_train, lengths_train. NaN is a missing value.

    Raises ValueError that names the file, and the line or row.
    """
    if path == STDIN or path.endswith(ENDINGS[:-1]):
        return read_ts(path)
    if not path.endswith(".npz"):
        raise ValueError(f"{path}: its name ends in none of {', '.join(ENDINGS)}; expected such a file")
    return of_arrays(path, read_npz(path, NAMES, split))


def with_target(found: Sequences, target: str) -> Sequences:
    """Take labels as `classes` or as `values`, or `auto`: as the file has them.

    Raises ValueError with the place of a label that is no number.
    """
    labels = found.labels
    if labels is None or target == "auto" or (target == "classes") == isinstance(labels, tuple):
        return found
    if not isinstance(labels, tuple):
        return replace(found, labels=tuple(f"{label:g}" for label in labels.tolist()))
    values = np.array([_number(found, row, label) for row, label in enumerate(labels)])
    return replace(found, labels=values, classes=())


def _number(found: Sequences, row: int, label: str) -> float:
    try:
        value = float(label)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise ValueError(
            f"{found.where(row)}: its label is {label!r:.40}; expected a finite number, or --data.target classes"
        )
    return value

"""Rolls from files: which of K notes sound in each frame, 0 or 1, checked."""

from __future__ import annotations

import numpy as np

from seqtoolkit.data.labelled.arrays import NAMES, of_arrays
from seqtoolkit.data.labelled.mat_file import read_mat
from seqtoolkit.data.labelled.npz_file import read_npz
from seqtoolkit.data.labelled.sequences import Sequences

_PUBLISHED = {
    "train": "traindata",
    "val": "validdata",
    "test": "testdata",
}  # in Boulanger-Lewandowski's files
LEAST = 2  # frames: one that is read, and one that comes after it


def read_rolls(path: str, split: str = "", least: int = LEAST) -> Sequences:
    """Read the rolls of a file.

    An .npz has `x`, (N, T, K), and `lengths`, (N,), where they differ; `channels`, K names of the notes. A .mat has
    `x`, one (T, K) for each roll in a cell array. The arrays of one split may be called x_train, x_val and x_test, or
    traindata, validdata and testdata, as in the files of Boulanger-Lewandowski et al. 2012.

    Raises ValueError with file, roll and frame: something else than 0 and 1, another number of notes, too few frames.
    """
    if path.endswith(".npz"):
        found = of_arrays(path, read_npz(path, NAMES, split))
    elif path.endswith(".mat"):
        found = _of_mat(path, split)
    else:
        raise ValueError(f"{path}: its name ends in neither .npz nor .mat; expected such a file of rolls")
    _check(found, least)
    return found


def _of_mat(path: str, split: str) -> Sequences:
    names = (f"x_{split}", _PUBLISHED[split], "x") if split else ("x",)
    rolls = read_mat(path, names)
    width = rolls[0].shape[1] if rolls else 0
    for row, roll in enumerate(rolls, 1):
        if roll.shape[1] != width or not roll.size:
            raise ValueError(
                f"{path}, row {row}: a roll of {roll.shape[0]} frames and {roll.shape[1]} notes, and the first has"
                f" {width} notes; expected as many in each, and at least one frame"
            )
    if not rolls:
        raise ValueError(f"{path} has no rolls; expected one (T, K) for each in a cell array")
    return Sequences(
        path=path,
        lengths=np.array([len(roll) for roll in rolls], dtype=np.int64),
        values=np.concatenate(rolls).astype(np.float32),
        channels=tuple(str(note) for note in range(1, width + 1)),
    )


def _check(found: Sequences, least: int) -> None:
    bad = np.argwhere((found.values != 0) & (found.values != 1))
    if len(bad):
        step, note = bad[0].tolist()
        row = found.owner(step)
        raise ValueError(
            f"{found.where(row)}: note {found.channels[note]!r} is {found.values[step, note]:g} in frame"
            f" {step - found.starts[row] + 1}; expected 0 (silent) or 1 (sounding)"
        )
    short = np.flatnonzero(found.lengths < least)
    if len(short):
        raise ValueError(
            f"{found.where(int(short[0]))}: a roll of {found.lengths[short[0]]} frame; expected {least} or more, since"
            " each frame is predicted from those before it"
        )

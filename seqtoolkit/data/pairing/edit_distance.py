"""Levenshtein distances of many pairs of texts at once (numpy only)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_ROWS = 1_024  # pairs at once: of like lengths, so that little is padded


def edit_distances(ones: Sequence[str], others: Sequence[str]) -> Ints:
    """Return the least insertions, deletions and substitutions (N,) that turn each text into the other."""
    result = np.zeros(len(ones), np.int64)
    order = np.argsort(
        [len(one) + len(other) for one, other in zip(ones, others, strict=True)], kind="stable"
    )
    for start in range(0, len(order), _ROWS):
        rows = order[start : start + _ROWS]
        result[rows] = _distances(
            *_padded([ones[row] for row in rows]), *_padded([others[row] for row in rows])
        )
    return result


def _distances(one: Ints, one_length: Ints, other: Ints, other_length: Ints) -> Ints:
    """Return the distances of padded texts (N, A) and (N, B): Wagner & Fischer 1974, a row of the table at a time.

    An insertion depends on the cell to the left, so a row would be a loop; but less its column number, a row of
    insertions is constant, and the loop a running minimum.
    """
    column = np.arange(other.shape[1] + 1)
    row = np.broadcast_to(column, (len(other), len(column)))
    result = other_length.copy()
    for i in range(one.shape[1]):
        changed = np.minimum(row[:, 1:] + 1, row[:, :-1] + (other != one[:, i, None]))
        row = np.concatenate([np.full((len(other), 1), i + 1), changed], 1)
        row = np.minimum.accumulate(row - column, axis=1) + column
        ends = (one_length == i + 1).nonzero()[0]
        result[ends] = row[ends, other_length[ends]]
    return result


def _padded(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Return the characters of texts as numbers (N, longest), and their lengths (N,)."""
    lengths = np.array([len(text) for text in texts])
    padded = np.zeros((len(texts), lengths.max(initial=0)), np.int64)
    flat = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = flat
    return padded, lengths

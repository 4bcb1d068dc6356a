"""Keep some of the training sequences for validation: by a hash of their content, class by class, or whole groups."""

from __future__ import annotations

import hashlib

import numpy as np

from seqtoolkit.data.labelled.apart import hold_out_groups, refuse_unlearned
from seqtoolkit.data.labelled.sequences import Ints, Sequences, Values


def hold_out(found: Sequences, share: float, seed: int) -> tuple[Ints, Ints]:
    """Return the rows for training and those for validation, both ascending.

    Of each class the sequences of the smallest sha256 are kept, a share of them rounded, at least one of two or more.
    The order of the file does not matter, and two sequences of a class that are equal stay together where they can.
    Where the sequences have groups, whole groups are kept instead.

    Raises ValueError when the share is not between 0 and 1, nothing is left on one side, or no group to learn a class
    from.
    """
    if not 0 < share < 1:
        raise ValueError(f"val_share is {share}; expected more than 0 and less than 1, such as 0.2")
    if found.groups is not None:
        train, val = hold_out_groups(found, share, seed)
        refuse_unlearned(found, train)
        return train, val
    labels = found.labels if isinstance(found.labels, tuple) else ("",) * len(found)
    groups: dict[str, list[tuple[bytes, bytes, int]]] = {}
    for row, label in enumerate(labels):
        groups.setdefault(label, []).append((*_place(found.series(row), seed), row))
    kept = [row for group in groups.values() for *_, row in sorted(group)[: _count(len(group), share)]]
    chosen = np.zeros(len(found), dtype=bool)
    chosen[kept] = True
    if not kept or chosen.all():
        raise ValueError(
            f"{found.path}: {len(found)} sequences are too few to keep a share of {share:g} of each class for"
            " validation; give more, or a file of their own: --data.val FILE"
        )
    return np.nonzero(~chosen)[0], np.nonzero(chosen)[0]


def _place(series: Values, seed: int) -> tuple[bytes, bytes]:
    """Return what a series is ordered by: in single precision; those that are equal in it, in double precision."""
    content = seed.to_bytes(8, "big", signed=True) + series.astype(np.float32).tobytes()
    return hashlib.sha256(content).digest(), series.astype(np.float64).tobytes()


def _count(group: int, share: float) -> int:
    """Return how many of a class are kept; one that is alone is trained on."""
    return min(group - 1, max(1, round(group * share)))

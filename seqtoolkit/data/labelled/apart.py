"""Keep whole groups for validation, and see that no group, such as a subject or a machine, is in two splits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import numpy as np

from seqtoolkit.data.labelled.sequences import Ints, Sequences

SplitBy = Literal["auto", "series", "group"]


def grouped(found: Sequences, by: SplitBy) -> Sequences:
    """Keep the groups of the sequences, or forget them where they are to be split one by one.

    Raises ValueError when they are to be split by group, and the file has none.
    """
    if by == "series":
        return replace(found, groups=None)
    if by == "group" and found.groups is None:
        raise ValueError(
            f"{found.path} does not say whom its series are of, and a .ts has no place for it; save an .npz with an"
            " array groups, (N,) texts or whole numbers beside x and y, or choose --data.split series"
        )
    return found


def hold_out_groups(found: Sequences, share: float, seed: int) -> tuple[Ints, Ints]:
    """Return the rows for training and those for validation, both ascending: whole groups.

    The groups of the smallest sha256 are kept, a share of them rounded, at least one; other groups move none.

    Raises ValueError when there is one group only.
    """
    assert found.groups is not None
    names = sorted(set(found.groups), key=lambda name: _digest(name, seed))
    if len(names) < 2:
        raise ValueError(
            f"{found.path}: all its {len(found)} series are of the group {names[0]!r:.40}, and a group is not divided;"
            " give series of others, a file of their own (--data.val FILE), or --data.split series"
        )
    kept = set(names[: min(len(names) - 1, max(1, round(share * len(names))))])
    chosen = np.array([name in kept for name in found.groups])
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def refuse_unlearned(found: Sequences, train: Ints) -> None:
    """Raise ValueError when all of a class are in the groups that are held out: nothing is left to learn it from."""
    if not isinstance(found.labels, tuple):
        return
    if lost := sorted(set(found.labels) - {found.labels[row] for row in train.tolist()}):
        raise ValueError(
            f"{found.path}: all series of the class {lost[0]!r:.40} are of groups that are held out for validation"
            f" ({len(lost)} such classes), and cannot be learned; choose another --data.seed, a smaller"
            " --data.val_share, a file for validation (--data.val FILE), or --data.split series"
        )


def refuse_shared(found: Sequences, split: str, others: Iterable[tuple[str, Sequences]]) -> None:
    """Raise ValueError when a group of a split is in one of the other splits, too: a model would know it already."""
    for name, other in others:
        shared = sorted(set(found.groups or ()) & set(other.groups or ()))
        if shared:
            raise ValueError(
                f"{found.path}: the group {shared[0]!r:.40} is in {split}, and in {name} ({other.path}), too;"
                f" {len(shared)} such groups. Keep each in one file, or choose --data.split series, which does not"
                " ask for groups"
            )


def _digest(name: str, seed: int) -> bytes:
    return hashlib.sha256(seed.to_bytes(8, "big", signed=True) + name.encode()).digest()

"""Keep whole groups for validation, and see that no group, such as a subject or a machine, is in two splits."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from seqtoolkit.checkpoint import described
from seqtoolkit.data.labelled.sequences import Ints, Sequences

SplitBy = Literal["auto", "series", "group"]
Given = Callable[[str], Sequences | None]
EARLIER = {"train": (), "val": ("train",), "test": ("train", "val")}


def was_by_group(path: str) -> bool:
    """Say whether the run of a checkpoint was split by group; those before groups were read were not."""
    return bool(described(Path(path)).spec.get("by_group"))


def kept_apart(found: Sequences, split: str, by: SplitBy, given: Given) -> Sequences:
    """Keep the groups of a split's file as `by` says, and compare them with those of the splits before it (`given`).

    Raises ValueError when a group is in one of them, too; says on standard error what cannot be compared.
    """
    found = grouped(found, by)
    if by == "series":
        return found
    others = [(name, given(name)) for name in EARLIER[split]]
    for name, other in others:
        if other is not None:
            refuse_shared(found, split, name, other)
            note_unknown(found, split, name, other)
    return found


def grouped(found: Sequences, by: SplitBy) -> Sequences:
    """Keep the groups of the sequences, or forget them where they are to be split one by one.

    Raises ValueError when they are to be split by group, and the file has none.
    """
    if by == "series":
        return replace(found, groups=None)
    if by == "group" and found.groups is None:
        raise ValueError(
            f"{found.path} does not say whom its sequences are of, and a .ts or IDX file has no place for it; save"
            " an .npz with an array groups, (N,) texts or whole numbers beside x and y, or choose --data.split series"
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
            f"{found.path}: all its {len(found)} sequences are of the group {names[0]!r:.40}, and a group is not"
            " divided; give sequences of others, a file of their own (--data.val FILE), or --data.split series"
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
            f"{found.path}: all sequences of the class {lost[0]!r:.40} are of groups that are held out for validation"
            f" ({len(lost)} such classes), and cannot be learned; choose another --data.seed, a smaller"
            " --data.val_share, a file for validation (--data.val FILE), or --data.split series"
        )


def refuse_shared(found: Sequences, split: str, name: str, other: Sequences) -> None:
    """Raise ValueError when a group of a split is in another split, too: a model would know it already."""
    shared = sorted(set(found.groups or ()) & set(other.groups or ()))
    if shared:
        raise ValueError(
            f"{found.path}: the group {shared[0]!r:.40} is in {split}, and in {name} ({other.path}), too;"
            f" {len(shared)} such groups. Keep each in one file, or choose --data.split series, which does not"
            " ask for groups"
        )


def note_unknown(found: Sequences, split: str, name: str, other: Sequences) -> None:
    """Say that two splits cannot be compared when one of them has no groups (one process says so)."""
    sides = [(split, found), (name, other)]
    lacking, known = sorted(sides, key=lambda side: side[1].groups is not None)
    if (lacking[1].groups is None) != (known[1].groups is None) and os.environ.get("LOCAL_RANK", "0") == "0":
        print(
            f"seqtoolkit: {known[0]} ({known[1].path}) has groups, and {lacking[0]} ({lacking[1].path}) has none:"
            f" whether a group is in both cannot be checked. Save an array groups with {lacking[0]}, too",
            file=sys.stderr,
        )


def _digest(name: str, seed: int) -> bytes:
    return hashlib.sha256(seed.to_bytes(8, "big", signed=True) + name.encode()).digest()

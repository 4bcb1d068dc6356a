"""Divide a series into training, validation and test: by time, by whole groups, or by a hash of the group's name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.shares import SPLITS, Shares, split_of
from seqtoolkit.data.tabular.order import Segments
from seqtoolkit.data.tabular.table import Table

SplitBy = Literal["time", "group", "hash"]
Split = NDArray[np.uint8]  # (L,) which of SPLITS each row belongs to


def divide(table: Table, segments: Segments, by: SplitBy, shares: Shares) -> Split:
    """Give each row to a split.

    By time: training is before validation, and that before the test; where there are time stamps, for all groups at
    the same times. By group: whole groups, as many as the shares say, in the order of the sha256 of their names. By
    hash: whole groups, by that alone, so that no other group of the file moves one.

    Raises ValueError when a split would have no row.
    """
    if by == "time":
        split = _by_time(table, segments, shares)
    else:
        names, exact = table.groups, by == "group"
        if len(names) < sum(share > 0 for share in shares):
            raise ValueError(
                f"{table.file}: {len(names)} groups cannot be divided by group;"
                f" {'choose --data.split time' if len(names) > 1 else 'give --data.group COLUMN, or --data.split time'}"
            )
        split = np.asarray(by_group(names, shares, exact), np.uint8)[table.group]
    for number, share in enumerate(shares):
        if share > 0 and not (split == number).any():
            raise ValueError(
                f"{table.file}: none of its {len(table):,} rows ({len(table.groups):,} groups) are for"
                f" {SPLITS[number]}; give more rows, other --data.shares, or three files"
            )
    return split


def by_group(names: Sequence[str], shares: Shares, exact: bool) -> list[int]:
    """Return the split of each name; `exact` gives as many to each as the shares say, at least one."""
    digests = [hashlib.sha256(name.encode()).hexdigest() for name in names]
    if not exact:
        return [SPLITS.index(split_of(digest, shares)) for digest in digests]
    test, val = shares[2] / sum(shares), (shares[2] + shares[1]) / sum(shares)
    tests = max(round(test * len(names)), shares[2] > 0)
    vals = max(round(val * len(names)) - tests, shares[1] > 0)
    rank = {number: place for place, number in enumerate(sorted(range(len(names)), key=digests.__getitem__))}
    return [2 if rank[n] < tests else 1 if rank[n] < tests + vals else 0 for n in range(len(names))]


def _by_time(table: Table, segments: Segments, shares: Shares) -> Split:
    after = shares[0] / sum(shares), (shares[0] + shares[1]) / sum(shares)
    if table.times is not None:
        ordered = np.sort(table.times)
        cuts = [ordered[min(round(share * len(ordered)), len(ordered) - 1)] for share in after]
        late = table.times >= cuts[0] if after[0] < 1 else np.zeros(len(table), bool)
        later = table.times >= cuts[1] if after[1] < 1 else np.zeros(len(table), bool)
        return late.astype(np.uint8) + later.astype(np.uint8)
    first = np.ones(len(table), bool)
    first[1:] = table.group[1:] != table.group[:-1]
    starts = np.flatnonzero(first)
    sizes = np.diff(np.append(starts, len(table)))
    place = np.arange(len(table)) - np.repeat(starts, sizes)
    split = np.zeros(len(table), np.uint8)
    for share in after:
        split += place >= np.repeat(np.round(share * sizes), sizes)
    return split

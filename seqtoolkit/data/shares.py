"""Three splits by shares: each item goes where its sha256 says, whatever else there is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
SPLITS = ("train", "val", "test")
Shares = tuple[float, float, float]  # of training, validation and test


def split_of(sha256: str, shares: Shares) -> str:
    """Return the split of what has this sha256 (in hexadecimal): the smallest ones are the test."""
    place = int(sha256[:16], 16) / 2**64 * sum(shares)
    return "test" if place < shares[2] else "val" if place < shares[2] + shares[1] else "train"


def divide(
    path: str, items: Sequence[T], shares: Shares, what: str, digest: Callable[[T], str]
) -> dict[str, list[T]]:
    """Give each item to a split by its sha256 alone: copies stay together, no other item moves it.

    Raises ValueError when a split that has a share is left without any.
    """
    parts: dict[str, list[T]] = {split: [] for split, share in zip(SPLITS, shares, strict=True) if share}
    for item in items:
        parts[split_of(digest(item), shares)].append(item)
    if empty := [split for split, some in parts.items() if not some]:
        raise ValueError(
            f"{path}: none of its {len(items):,} {what} is for {empty[0]}; give more, other --data.shares,"
            " or --data.train, --data.val and --data.test"
        )
    return parts


def check_shares(shares: Shares) -> None:
    """Raise ValueError unless they can be shares."""
    if not (min(shares) >= 0 and shares[0] > 0 and sum(shares) < math.inf):  # nor NaN
        raise ValueError(
            f"shares {shares} are of training, validation and test: not negative, the first positive"
        )


def check_paths(paths: dict[str, str | None], what: str, known: bool) -> None:
    """Check that one file is to be divided, or training and validation have one each; none is needed when `known`.

    Raises ValueError that says what to give.
    """
    given = [name for name in SPLITS if paths[name] is not None]
    file = paths["file"]
    if file is not None and given:
        raise ValueError(
            f"--data.file {file} is divided into three parts; leave out --data.{' and --data.'.join(given)}"
        )
    if file is None and not {"train", "val"} <= {*given} and (given or not known):
        raise ValueError(
            f"no {what}: give --data.file {what.upper()}, which is divided into three parts,"
            " or --data.train, --data.val and --data.test"
        )

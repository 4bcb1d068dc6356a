"""Divide words into training, validation and test by a hash, the same on every machine and for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

TEST_WORDS = 12_000
VAL_WORDS = 2_000


class Split(NamedTuple):
    """Three disjoint lists of words."""

    train: list[str]
    val: list[str]
    test: list[str]


def split_words(words: Iterable[str], family: Callable[[str], str] = str) -> Split:
    """Give the families of the smallest sha256 to the test, the next to the validation, the rest to training.

    A family is never divided: with families of one word (the default) test and validation have exactly 12,000
    and 2,000 words, otherwise the last family of each may exceed that.
    """
    ordered = sorted((hashlib.sha256(family(word).encode()).digest(), word) for word in words)

    def boundary(count: int) -> int:
        while count < len(ordered) and ordered[count][0] == ordered[count - 1][0]:
            count += 1
        return count

    test = boundary(TEST_WORDS)
    val = boundary(test + VAL_WORDS)
    names = [word for _, word in ordered]
    return Split(train=names[val:], val=names[test:val], test=names[:test])

"""A source, what it may be answered with, and where the answer comes from."""

from __future__ import annotations

from typing import NamedTuple

Alignment = tuple[tuple[int, int], ...]  # (position in the source, position in the target), from 0


class Pair(NamedTuple):
    """One line of a file of pairs."""

    source: str
    target: str
    alignment: Alignment | None = None  # where it is known

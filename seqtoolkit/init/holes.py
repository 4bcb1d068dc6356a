"""Places of a table without a value, and how they are filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqtoolkit.init.roles import Roles
from seqtoolkit.init.seen import Option

if TYPE_CHECKING:
    from polars import DataFrame


def has_holes(roles: Roles, sample: DataFrame) -> bool:
    """Say whether the lines of a long table leave places of its rows empty: not every channel at every time."""
    if not roles.name:
        return False
    rows = sample.select([roles.time, *([roles.group] if roles.group else [])]).n_unique()
    return len(sample) < rows * len(roles.channels)


def filled(roles: Roles) -> Option:
    """Fill what is missing; where each line has a time of its own, nearly all is, and its marks are worth a channel."""
    if roles.alone:
        return Option("missing", "mask", "the last value of each channel, and whether it is new; or forward")
    return Option("missing", "forward", "or mask, which also says which were known")

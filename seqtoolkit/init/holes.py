"""Places of a table, or of series, without a value, and how they are filled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seqtoolkit.init.roles import Roles
from seqtoolkit.init.seen import CHECKED, Option

if TYPE_CHECKING:
    from polars import DataFrame

FORWARD = Option("missing", "forward", "or mask, which also says which were known")


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
    return FORWARD


def filled_series(files: list[Option]) -> list[Option]:
    """Fill what is missing in the file of any split, where it does not have too much to be read for it."""
    return [FORWARD] if any(_has_gaps(file.value, file.name) for file in files) else []


def _has_gaps(path: str, split: str) -> bool:
    from numpy import isnan

    from seqtoolkit.data.labelled.files import read_labelled

    if Path(path).stat().st_size > CHECKED:
        return False
    try:
        return bool(isnan(read_labelled(path, split).values).any())
    except ValueError:  # which is told when the data module is tried
        return False

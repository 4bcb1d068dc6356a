"""What `seqtoolkit init` has seen in a file, what it takes it for, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Sure = Literal["sure", "likely", "a guess"]
CHECKED = 64 << 20  # bytes: a larger file is not read as in training only to be looked at


@dataclass(frozen=True)
class Option:
    """One option of a data module; a `comment` says why, or what else there is."""

    name: str
    value: Any
    comment: str = ""


@dataclass(frozen=True)
class Seen:
    """A file that can be trained on."""

    what: str  # of the file: "a table (CSV)"
    facts: list[str]  # what stands in it: rows, groups, lengths, channels, what is missing
    guess: str  # of the task: "a forecast of 3 channels"
    sure: Sure
    why: str
    data: str  # the class of the data module, with its module
    options: list[Option]
    width: int = 64  # d_model of a first model
    others: list[str] = field(default_factory=list)  # what else it may be, and what to type then
    warnings: list[str] = field(default_factory=list)  # what is to be mended first


def many(count: int, noun: str, plural: str = "") -> str:
    """Write "1 row" or "1,200 rows"."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def listed(names: list[str], most: int = 8) -> str:
    """Write the first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def spread(lengths: list[int], unit: str = "step") -> str:
    """Write "3 to 17 steps", or "5 steps each"."""
    low, high = min(lengths), max(lengths)
    return f"{many(low, unit)} each" if low == high else f"{low:,} to {many(high, unit)}"

"""What is known of a system: its curve in closed form, or a law; and one more measurement beside it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtoolkit.retention.record import Record

ROUNDING = 1e-6  # of float32


@dataclass(frozen=True)
class Reading:
    """One measurement beside the truth, lag by lag."""

    record: Record
    truth: Sequence[float]

    @property
    def covers(self) -> list[bool]:
        """Whether each interval holds the truth, as far as float32 can tell."""
        columns = zip(self.record.lower, self.truth, self.record.upper, strict=True)
        return [low - ROUNDING <= truth <= high + ROUNDING for low, truth, high in columns]

    @property
    def errors(self) -> list[float]:
        """How far each estimate is from the truth."""
        return [abs(a - b) for a, b in zip(self.record.estimate, self.truth, strict=True)]

    def reaches(self, horizon: int) -> bool:
        """Say whether the interval of the horizon holds this one."""
        found = self.record.horizon
        return found is not None and found.lower <= horizon <= found.upper

    def exceeds(self, horizon: int) -> bool:
        """Say whether more is said to be retained than up to this lag."""
        return self.record.horizon is not None and self.record.horizon.estimate > horizon


@dataclass(frozen=True)
class System:
    """A system with a known answer, and how to measure it once more."""

    name: str
    protocol: str
    truth: str
    measure: Callable[[int], Reading]
    horizon: int | None = None  # the true one on the grid of lags
    forgets: bool = False  # retains nothing: an estimated horizon above the true one is a false alarm
    wide: str = ""  # why its intervals are known to cover more than promised


@dataclass(frozen=True)
class Law:
    """What no measurement of a kind of model may break, and whether one more keeps it."""

    name: str
    protocol: str
    truth: str
    n: int  # sequences
    holds: Callable[[int], bool]


def known_models(name: str) -> Any:
    """Return a module of the known systems, which belong to the tests."""
    root = str(Path(__file__).parent.parent)
    if root not in sys.path:
        sys.path.append(root)
    return importlib.import_module(f"tests.retention.{name}")

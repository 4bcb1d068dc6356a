"""How long a run trains: time, steps or epochs, whichever ends first; and a part of that. Imports no torch."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

EXPECTED = "seconds, or days:hours:minutes:seconds such as 00:00:05:00"
_UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1, "weeks": 604_800}


@dataclass(frozen=True)
class Budget:
    """The least of these ends a run; null does not limit it."""

    seconds: int | None = None
    steps: int | None = None
    epochs: int | None = None

    def __str__(self) -> str:
        parts = (
            (self.seconds, f"{self.seconds} s"),
            (self.steps, f"{self.steps} steps"),
            (self.epochs, f"{self.epochs} epochs"),
        )
        return " or ".join(text for value, text in parts if value is not None)

    @classmethod
    def of(cls, trainer: dict[str, Any]) -> Self:
        """Read the trainer's section of a configuration.

        Raises ValueError for one without an end.
        """
        steps, epochs = trainer.get("max_steps"), trainer.get("max_epochs")
        found = cls(
            None if trainer.get("max_time") is None else seconds(trainer["max_time"]),
            None if steps in (None, -1) else int(steps),
            None if epochs in (None, -1) else int(epochs),
        )
        if not str(found):
            raise ValueError(
                "the configuration says neither trainer.max_time, max_steps nor max_epochs, so that no training would"
                " end: add --max_time SECONDS or --max_steps STEPS"
            )
        return found

    def part(self, share: float, steps_in_epoch: float) -> Budget:
        """Return a share of it; a share of some epochs is counted in steps."""
        counted = [self.steps] if self.steps is not None else []
        counted += [int(self.epochs * steps_in_epoch)] if self.epochs is not None else []
        return Budget(
            None if self.seconds is None else max(1, round(self.seconds * share)),
            max(1, int(min(counted) * share)) if counted else None,
        )

    def words(self) -> list[str]:
        """Return what `fit` is told: every limit, so that none of the configuration is left."""
        time = "null" if self.seconds is None else _clock(self.seconds)
        steps, epochs = (-1 if value is None else value for value in (self.steps, self.epochs))
        return [
            f"--trainer.max_time={time}",
            f"--trainer.max_steps={steps}",
            f"--trainer.max_epochs={epochs}",
        ]

    def to_dict(self) -> dict[str, int | None]:
        """Return plain values for JSON."""
        return asdict(self)

    def given(self, time: int | None, steps: int | None) -> Budget:
        """Return the one that the command line gives in its place, if it gives one."""
        return self if time is None and steps is None else replace(Budget(), seconds=time, steps=steps)


def seconds(value: Any) -> int:
    """Read a time as Lightning does ("00:00:01:30", {"minutes": 1}), or a number of seconds.

    Raises ValueError for anything else, and for less than a second.
    """
    if isinstance(value, dict) and value and set(value) <= set(_UNITS):
        found = sum(_UNITS[name] * count for name, count in value.items())
    elif isinstance(value, str) and (parts := re.fullmatch(r"(\d+):(\d\d?):(\d\d?):(\d\d?)", value)):
        days, hours, minutes, rest = map(int, parts.groups())
        found = days * 86_400 + hours * 3_600 + minutes * 60 + rest
    elif re.fullmatch(r"\d+", str(value)):
        found = int(value)
    else:
        raise ValueError(f"{value!r:.40} is no time; expected {EXPECTED}")
    if found < 1:
        raise ValueError(f"{value!r:.40} is less than a second; expected {EXPECTED}")
    return int(found)


def _clock(total: int) -> str:
    minutes, rest = divmod(total, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days:02d}:{hours:02d}:{minutes:02d}:{rest:02d}"

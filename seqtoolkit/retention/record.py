"""The one record that every retention protocol returns, and its way to disk and back. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Self

from seqtoolkit.files import is_number
from seqtoolkit.retention.checked import check_names, check_rest, check_texts


@dataclass(frozen=True)
class Horizon:
    """The largest lag still above chance by a margin (see `recall_horizon`), with its 95 % interval.

    `censored`: every measured lag was, so the horizon is at least `estimate`. 0 means: none was.
    `upper_censored`: no measured lag is surely below, so `upper` is the last one that was measured.
    """

    estimate: int
    lower: int
    upper: int
    censored: bool
    upper_censored: bool = False

    def __str__(self) -> str:
        sign = "≥ " if self.censored else ""
        return f"{sign}{self.estimate} [{self.lower}, {self.upper}{'+' if self.upper_censored else ''}]"


@dataclass(frozen=True)
class Record:
    """A retention curve: one value for each lag, its 95 % interval, its null, and how it was measured."""

    probe: ClassVar[str] = "retention"  # the stem of the file that holds such records

    protocol: str  # decoding, gradient, influence, recall, truncation, timescale
    unit: str  # of estimate, lower, upper, null: "accuracy", "nats", ...
    lags: list[int]
    estimate: list[float]
    lower: list[float]
    upper: list[float]
    null: list[float]  # what a model without memory reaches at each lag
    n: list[int]  # independent sequences behind each lag
    horizon: Horizon | None = None
    seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a record from plain values, checking every field.

        Raises ValueError that names the field.
        """
        check_names("retention", value, [f.name for f in fields(cls)])
        check_rest("retention", value)
        lags = value.get("lags")
        for name in ("lags", "estimate", "lower", "upper", "null", "n"):
            column = value.get(name)
            if (
                not isinstance(column, list)
                or not all(map(is_number, column))
                or len(column) != len(lags or [])
            ):
                raise ValueError(f"retention record: {name!r} must be a list of numbers, one for each lag")
        check_texts("retention", value, protocol=None, unit=None)
        horizon = value.get("horizon")
        return cls(**{**value, "horizon": _horizon(horizon) if horizon is not None else None})


def _horizon(value: Any) -> Horizon:
    names = ("estimate", "lower", "upper", "censored", "upper_censored")
    if (
        not isinstance(value, dict)
        or set(value) != set(names)
        or not all(isinstance(value[n], int) for n in names)
    ):
        raise ValueError(f"retention record: 'horizon' must have the whole numbers {names}, found {value!r}")
    return Horizon(**value)

"""A measure of answers by source length: the curve in which a bottleneck shows. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Self

from seqtoolkit.files import is_number, is_whole
from seqtoolkit.retention.checked import check_names, check_rest, check_texts

MEASURES = ("sequence_accuracy", "error_rate", "chrf", "bleu")
_KIND = "length"
_BOUNDS = ("low", "high")
_VALUES = ("estimate", "lower", "upper")


@dataclass(frozen=True)
class LengthRecord:
    """One value for each bin of source lengths, with its 95 % interval and the sequences behind it.

    `settings` has how the interval was made, how the answers were decoded, and `overall`: the estimate, lower, upper
    and n of all lengths together.
    """

    probe: ClassVar[str] = "length"  # the stem of the file that holds such records

    measure: str  # one of MEASURES
    unit: str  # of estimate, lower, upper
    low: list[int]  # shortest source of each bin, ascending
    high: list[int]  # longest source of each bin
    estimate: list[float]
    lower: list[float]
    upper: list[float]
    n: list[int]  # sequences in each bin
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
        check_names(_KIND, value, [f.name for f in fields(cls)])
        check_texts(_KIND, value, measure=MEASURES, unit=None)
        check_rest(_KIND, value)
        bins = len(value["low"]) if isinstance(value.get("low"), list) else 0
        for name in (*_BOUNDS, *_VALUES, "n"):
            _check_column(name, value.get(name), bins)
        _check_order(value)
        return cls(**value)


def _check_column(name: str, column: Any, bins: int) -> None:
    good = is_number if name in _VALUES else _is_count
    if not isinstance(column, list) or len(column) != bins or not all(map(good, column)):
        what = "numbers" if name in _VALUES else "whole numbers, 0 or more"
        raise ValueError(f"{_KIND} record: {name!r} must be a list of {what}, one for each bin of lengths")


def _is_count(value: object) -> bool:
    return is_whole(value, 0)


def _check_order(value: dict[str, Any]) -> None:
    bounds = [bound for pair in zip(value["low"], value["high"], strict=True) for bound in pair]
    if bounds != sorted(bounds) or any(a >= b for a, b in zip(value["high"], value["low"][1:], strict=False)):
        raise ValueError(f"{_KIND} record: 'low' and 'high' must be bins of lengths, ascending and apart")
    if any(
        not a <= b <= c for a, b, c in zip(value["lower"], value["estimate"], value["upper"], strict=True)
    ):
        raise ValueError(f"{_KIND} record: 'estimate' must lie between 'lower' and 'upper'")

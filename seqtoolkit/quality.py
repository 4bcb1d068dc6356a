"""What a model is worth on a split: measures beside a baseline, confusions and single examples. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Self

from seqtoolkit.files import is_number, is_whole
from seqtoolkit.retention.checked import check_names, check_rest, check_texts, check_wholes

_INTERVALS = (("estimate", "lower", "upper"), ("skill", "skill_lower", "skill_upper"))


@dataclass(frozen=True)
class Quality:
    """One measure of a split with its 95 % interval, and, where one is known, that of a baseline which learns little.

    The skill is 1 - ours / baseline of an error or a loss, (ours - baseline) / (1 - baseline) of an accuracy: 1 is
    perfect, 0 no better than the baseline. `settings` has how the intervals were made, and what was resampled.
    """

    probe: ClassVar[str] = "quality"  # the stem of the file that holds such records

    measure: str  # such as accuracy
    unit: str  # of estimate, lower, upper
    higher_is_better: bool
    n: int  # sequences or windows that were resampled
    estimate: float
    lower: float
    upper: float
    baseline: str = ""  # its name, such as "majority class"; "" for none
    baseline_estimate: float | None = None
    skill: float | None = None
    skill_lower: float | None = None
    skill_upper: float | None = None
    seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a record from plain values, checking every field; raises ValueError that names the field."""
        check_names("quality", value, [f.name for f in fields(cls)])
        check_texts("quality", {"baseline": "", **value}, measure=None, unit=None, baseline=None)
        check_wholes("quality", value, n=1)
        check_rest("quality", value)
        if not isinstance(value.get("higher_is_better"), bool):
            raise ValueError("quality record: 'higher_is_better' must be true or false")
        names = ["estimate"] if not value.get("baseline") else ["estimate", "baseline_estimate", "skill"]
        for name in names:
            if not is_number(value.get(name)):
                raise ValueError(f"quality record: {name!r} must be a number, found {value.get(name)!r:.60}")
        for middle, lower, upper in _INTERVALS:
            check_interval("quality", value, middle, lower, upper)
        return cls(**value)


def check_interval(kind: str, value: dict[str, Any], middle: str, lower: str, upper: str) -> None:
    """Raise ValueError unless the three are numbers in order, or all missing."""
    found = [value.get(name) for name in (lower, middle, upper)]
    if found != [None] * 3 and not (all(map(is_number, found)) and found == sorted(found)):  # type: ignore[type-var]
        raise ValueError(f"{kind} record: {middle!r} must lie between {lower!r} and {upper!r}, found {found}")


@dataclass(frozen=True)
class Confusion:
    """How often each class was taken for each: `counts[truth][answer]`."""

    probe: ClassVar[str] = "confusion"

    classes: list[str]
    counts: list[list[int]]
    seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a record from plain values, checking every field; raises ValueError that names the field."""
        check_names("confusion", value, [f.name for f in fields(cls)])
        check_rest("confusion", value)
        names, counts = value.get("classes"), value.get("counts")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError("confusion record: 'classes' must be a list of names")
        rows = counts if isinstance(counts, list) and len(counts) == len(names) else [None]
        for row in rows:
            if not (isinstance(row, list) and len(row) == len(names) and all(is_whole(n, 0) for n in row)):
                raise ValueError("confusion record: 'counts' must be a square of whole numbers, 0 or more")
        return cls(**value)


@dataclass(frozen=True)
class Example:
    """One example of a split, to be looked at: what was asked, what is true, what was answered.

    A text, a class or a series, each where it is one. Series have one list for each name, `steps` apart.
    """

    probe: ClassVar[str] = "examples"

    index: int  # which example of the split, as `Batch.index` counts
    loss: float
    chosen: str  # why it is shown: "worst", or "drawn" by chance
    text: str = ""  # that can be typed into the Attention and Gates pages
    truth: str = ""  # the true class or answer
    answer: str = ""  # the model's
    past: dict[str, list[float | None]] = field(default_factory=dict)  # what was read, by channel
    future: dict[str, list[float | None]] = field(default_factory=dict)  # what came, by output
    forecast: dict[str, list[list[float]]] = field(
        default_factory=dict
    )  # by output, for each level of `quantiles`
    quantiles: list[float] = field(default_factory=list)  # levels of the forecasts; [] for one point forecast
    labels: dict[str, list[str]] = field(
        default_factory=dict
    )  # `past` and `future`: times on the axis, where known
    seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a record from plain values, checking every field; raises ValueError that names the field."""
        check_names("example", value, [f.name for f in fields(cls)])
        texts = {name: value.get(name, "") for name in ("chosen", "text", "truth", "answer")}
        check_texts("example", texts, chosen=("worst", "drawn"), text=None, truth=None, answer=None)
        check_wholes("example", value, index=0)
        check_rest("example", value)
        if not is_number(value.get("loss")):
            raise ValueError(f"example record: 'loss' must be a number, found {value.get('loss')!r:.60}")
        for name in ("past", "future"):
            _check_series(name, value.get(name, {}), _is_point)
        _check_series("forecast", value.get("forecast", {}), _is_forecast)
        _check_series("labels", value.get("labels", {}), lambda item: isinstance(item, str))
        if not isinstance(value.get("quantiles", []), list) or not all(
            map(is_number, value.get("quantiles", []))
        ):
            raise ValueError("example record: 'quantiles' must be a list of numbers")
        return cls(**value)


def _check_series(name: str, value: Any, good: Any) -> None:
    lists = isinstance(value, dict) and all(
        isinstance(k, str) and isinstance(v, list) for k, v in value.items()
    )
    if not lists or not all(good(item) for column in value.values() for item in column):
        raise ValueError(f"example record: {name!r} must have a list of what it shows for each name")


def _is_point(item: Any) -> bool:
    return item is None or is_number(item)


def _is_forecast(item: Any) -> bool:
    return isinstance(item, list) and all(map(is_number, item))

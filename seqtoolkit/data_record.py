"""What the training data of a run look like: data.json of its folder, checked when it is read. Imports no torch.

Written once, when training begins (see data_summary); all but `lengths` and `splits` are of a sample of `sampled`
training sequences:

task, target     their names; target is one of `losses.TARGETS`
splits           {"train": {"examples", "batches"}, "val": ...}
lengths          steps of every training sequence, in bins; `low` and `high` are the first and last length of a bin
supervised       steps of a sequence that are asked for, the mean
symbols          {name: count} of what is read, where it is symbols: the most frequent ones
channels         of features: each with its quantiles at LEVELS, in the user's units, and the share that is missing
classes          {name: count} of what is asked for, where it is classes, in the order of the classes
labels           {name: share} of the steps at which a label is set, where several may be
outputs          of values: as channels
lags             steps back to the input that decides a target, in bins, where the task knows it
shown            a few sequences as a batch holds them
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from seqtoolkit.files import is_number, is_whole, read_json
from seqtoolkit.retention.checked import check_names, check_texts, check_wholes

NAME, SCHEMA = "data.json", 1
LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)  # of quantiles
_KIND = "data"
Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Bins:
    """How many whole numbers fall from `low` to `high`, bin by bin, ascending."""

    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    count: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Spread:
    """The values of a channel or an output: quantiles at LEVELS ([] where none is known), and the share missing."""

    name: str
    quantiles: list[float]
    missing: float = 0.0


@dataclass(frozen=True)
class Shown:
    """The first steps of a sequence: what is read (names, or values by channel), and what is asked ("": nothing)."""

    length: int  # of the whole sequence
    asked: list[str]
    read: list[str] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class DataSummary:
    """See the module."""

    task: str
    target: str
    sampled: int
    splits: dict[str, dict[str, int]]
    lengths: Bins
    supervised: float
    symbols: dict[str, int] = field(default_factory=dict)
    channels: list[Spread] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)
    labels: dict[str, float] = field(default_factory=dict)
    outputs: list[Spread] = field(default_factory=list)
    lags: Bins = field(default_factory=Bins)
    shown: list[Shown] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a summary from plain values, checking every field; raises ValueError that names the field."""
        check_names(_KIND, value, ["schema", *(f.name for f in fields(cls))])
        if value.get("schema") != SCHEMA:
            raise ValueError(f"{NAME}: schema {value.get('schema')!r:.60}, expected {SCHEMA}")
        plain = {name: found for name, found in value.items() if name != "schema"}
        check_texts(_KIND, plain, task=None, target=None)
        check_wholes(_KIND, plain, sampled=1)
        _check("supervised", plain.get("supervised"), is_number)
        _check("splits", plain.get("splits"), _by_name(_by_name(_is_count)))
        for name, good in (("symbols", _is_count), ("classes", _is_count), ("labels", is_number)):
            _check(name, plain.get(name, {}), _by_name(good))
        for name in ("lengths", "lags"):
            plain[name] = _bins(name, plain.get(name, asdict(Bins())))
        for name in ("channels", "outputs"):
            plain[name] = [_spread(name, item) for item in _list(name, plain.get(name, []))]
        plain["shown"] = [_shown(item) for item in _list("shown", plain.get("shown", []))]
        return cls(**plain)


def read(run: Path) -> DataSummary | None:
    """Read the summary of a run; None when it has none.

    Raises ValueError when it is there and cannot be understood.
    """
    path = run / NAME
    return DataSummary.from_dict(read_json(path)) if path.is_file() else None


def _bins(name: str, value: Any) -> Bins:
    good = isinstance(value, dict) and set(value) == {"low", "high", "count"}
    _check(name, value if good else None, _by_name(_each(_is_count)))
    if len({len(column) for column in value.values()}) != 1:
        raise ValueError(f"{NAME}: {name!r} must have a low, a high and a count for each bin")
    return Bins(**value)


def _spread(name: str, value: Any) -> Spread:
    good = isinstance(value, dict) and set(value) == {"name", "quantiles", "missing"}
    if not good or not isinstance(value["name"], str) or not is_number(value["missing"]):
        raise ValueError(
            f"{NAME}: {name!r} must have a name, quantiles and the share missing, found {value!r:.60}"
        )
    _check(name, value["quantiles"], _each(is_number))
    if len(value["quantiles"]) not in (0, len(LEVELS)):
        raise ValueError(f"{NAME}: {name!r} must have {len(LEVELS)} quantiles, or none")
    return Spread(**value)


def _shown(value: Any) -> Shown:
    if not isinstance(value, dict) or set(value) != {"length", "asked", "read", "values"}:
        raise ValueError(f"{NAME}: 'shown' must have length, asked, read and values, found {value!r:.60}")
    _check("shown", value["length"], _is_count)
    for name in ("asked", "read"):
        _check("shown", value[name], _each(lambda item: isinstance(item, str)))
    _check("shown", value["values"], _by_name(_each(is_number)))
    return Shown(**value)


def _check(name: str, value: Any, good: Check) -> None:
    if not good(value):
        raise ValueError(f"{NAME}: {name!r} has a value that does not belong there, found {value!r:.60}")


def _list(name: str, value: Any) -> list[Any]:
    _check(name, value, lambda found: isinstance(found, list))
    return list(value)


def _by_name(good: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(good, value.values()))


def _each(good: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(good, value))


def _is_count(value: Any) -> bool:
    return is_whole(value, 0)

"""What the runs are judged by, and what each reached: read from what `test` (or `validate`) stored. No torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from seqtoolkit.compare.statistics import Reached
from seqtoolkit.files import is_number
from seqtoolkit.quality import Quality
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.statistics import wilson
from seqtoolkit.retention_store import read as read_curves
from seqtoolkit.runs import read_probe

Kind = TypeVar("Kind", Quality, LengthRecord)

BEST = "best"
HIGHER = (  # measures of which more is better, the first that a task has
    "recall_accuracy",
    "accuracy",
    "sequence_accuracy",
    "macro_f1",
    "token_accuracy",
    "r2",
    "chrf",
    "bleu",
)
ROUNDING = 1e-6  # of a metric in single precision
_LENGTH = {"per": "error_rate"}  # records by source length call it otherwise


@dataclass(frozen=True)
class Measure:
    """A number of a split, and which way is better."""

    name: str
    mode: str  # min or max
    unit: str = ""
    split: str = "test"

    @property
    def sign(self) -> int:
        """1 when more is better, else -1."""
        return 1 if self.mode == "max" else -1

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self.name.endswith(("accuracy", "f1"))

    def to_dict(self) -> dict[str, str]:
        """Return plain values for JSON."""
        return asdict(self)


def measured(run: Path, split: str) -> dict[str, float]:
    """Return what was measured of a run's best checkpoint on a split, by the names of the measures."""
    try:
        found = (read_probe(run, BEST, f"{split}.json") or {}).get("metrics")
    except (OSError, ValueError):
        return {}
    values = found.items() if isinstance(found, dict) else ()
    return {name.removeprefix(f"{split}/"): value for name, value in values if is_number(value)}


def measure_of(run: Path, split: str, monitor: str, mode: str, given: str | None) -> Measure:
    """Return what a run that was measured on a split is judged by.

    The first of: what was asked for (NAME:mode), what its checkpoint was chosen by unless that is the loss, its first
    stored quality, the first known measure that it has, the loss.

    Raises ValueError when it was asked for and the test has no such measure.
    """
    known = measured(run, split)
    if given is not None:
        name, _, better = given.partition(":")
        if name not in known:
            raise ValueError(
                f"--measure {given}: the {split} split has no {name!r}; it has {', '.join(sorted(known))}"
            )
        return Measure(name, better, _unit(run, name, split), split)
    name = monitor.removeprefix("val/")
    if name != "loss" and name in known:
        return Measure(name, mode, _unit(run, name, split), split)
    for quality in _records(run, Quality, split):
        if quality.measure in known:
            better = "max" if quality.higher_is_better else "min"
            return Measure(quality.measure, better, quality.unit, split)
    for name in HIGHER:
        if name in known:
            return Measure(name, "max", _unit(run, name, split), split)
    return Measure("loss", "min", "", split)


def quality_of(run: Path, measure: Measure) -> Reached | None:
    """Return what a run reached, with its interval over examples where one was stored; None when it is not measured."""
    estimate = measured(run, measure.split).get(measure.name)
    if estimate is None:
        return None
    found = _stored(run, measure)
    if found is None or found.lower is None or found.upper is None:
        return Reached(estimate)
    if not found.lower - ROUNDING <= estimate <= found.upper + ROUNDING:  # in other units: of something else
        return Reached(estimate)
    return Reached(estimate, min(found.lower, estimate), max(found.upper, estimate), found.n)


def baseline_of(run: Path, measure: Measure) -> dict[str, Any] | None:
    """Return {"name", "estimate", "skill", "skill_lower", "skill_upper"} of what needs no model, where it is stored."""
    for one in _records(run, Quality, measure.split):
        if one.measure == measure.name and one.baseline:
            skill = {"skill": one.skill, "skill_lower": one.skill_lower, "skill_upper": one.skill_upper}
            return {"name": one.baseline, "estimate": one.baseline_estimate, **skill}
    return None


def _stored(run: Path, measure: Measure) -> Reached | None:
    """Return a measure with its interval, from whichever probe has it."""
    name, split = measure.name, measure.split
    for one in _records(run, Quality, split):
        if one.measure == name:
            return Reached(one.estimate, one.lower, one.upper, one.n)
    for record in _records(run, LengthRecord, split):
        if record.measure == _LENGTH.get(name, name) and (overall := record.settings.get("overall")):
            return Reached(**overall)
    if name == "recall_accuracy":
        return next((_recalled(one) for one in read_curves(run, BEST) if one.protocol == "recall"), None)
    return None


def _recalled(curve: Record) -> Reached:
    """Return Wilson's interval of all answers at the lags of training: wider than that of the mean over lags."""
    longest = curve.settings.get("max_lag", curve.lags[-1])
    counts = [
        (share * n, n)
        for lag, share, n in zip(curve.lags, curve.estimate, curve.n, strict=True)
        if lag <= longest
    ]
    hits, n = round(sum(hit for hit, _ in counts)), sum(n for _, n in counts)
    return Reached(hits / n, *wilson(hits, n), n)


def _unit(run: Path, name: str, split: str) -> str:
    units = {one.measure: one.unit for one in _records(run, LengthRecord, split)}
    units |= {one.measure: one.unit for one in _records(run, Quality, split)}
    return units.get(_LENGTH.get(name, name), "accuracy" if name.endswith("accuracy") else "")


def _records(run: Path, kind: type[Kind], split: str) -> list[Kind]:
    """Return the records of a kind that a split has stored; none when they are missing or damaged."""
    try:
        found = read_probe(run, BEST, f"{kind.probe}.json") or {}
        records = found.get("records") if found.get("split") == split else None
        return [kind.from_dict(record) for record in records] if isinstance(records, list) else []
    except (OSError, ValueError):
        return []

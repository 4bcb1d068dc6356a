"""What the runs are judged by, and what each reached: read from what `test` has stored. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from seqtoolkit.compare_statistics import Reached
from seqtoolkit.quality import Quality
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.statistics import wilson
from seqtoolkit.retention_store import read as read_curves
from seqtoolkit.runs import Run, read_probe

Kind = TypeVar("Kind", Quality, LengthRecord)

BEST = "best"
HIGHER = (  # measures of which more is better, the first that a task has
    "recall_accuracy",
    "accuracy",
    "sequence_accuracy",
    "f1",
    "token_accuracy",
    "r2",
    "chrf",
    "bleu",
)
ROUNDING = 1e-6  # of a metric in single precision
_LENGTH = {"per": "error_rate"}  # records by source length call it otherwise


@dataclass(frozen=True)
class Measure:
    """A number of the test split, and which way is better."""

    name: str
    mode: str  # min or max
    unit: str = ""

    @property
    def sign(self) -> int:
        """1 when more is better, else -1."""
        return 1 if self.mode == "max" else -1

    def to_dict(self) -> dict[str, str]:
        """Return plain values for JSON."""
        return asdict(self)


def measure_of(run: Run, monitor: str, mode: str, given: str | None) -> Measure:
    """Return what a tested run is judged by.

    The first of: what was asked for (NAME:mode), what its checkpoint was chosen by unless that is the loss, its first
    stored quality, the first known measure that it has, the loss.

    Raises ValueError when it was asked for and the test has no such measure.
    """
    measured = [name.removeprefix("test/") for name in run.metrics if name.startswith("test/")]
    if given is not None:
        name, _, better = given.partition(":")
        if name not in measured:
            raise ValueError(
                f"--measure {given}: the test has no {name!r}; it has {', '.join(sorted(measured))}"
            )
        return Measure(name, better)
    name = monitor.removeprefix("val/")
    if name != "loss" and name in measured:
        return Measure(name, mode, _unit(run.path, name))
    for quality in _qualities(run.path):
        if quality.measure in measured:
            return Measure(quality.measure, "max" if quality.higher_is_better else "min", quality.unit)
    for name in HIGHER:
        if name in measured:
            return Measure(name, "max", _unit(run.path, name))
    return Measure("loss", "min")


def quality_of(run: Run, measure: Measure) -> Reached | None:
    """Return what a run reached, with its interval over examples where one was stored; None when it is not tested."""
    estimate = run.metrics.get(f"test/{measure.name}")
    if estimate is None:
        return None
    found = _stored(run.path, measure.name)
    if found is None or found.lower is None or found.upper is None:
        return Reached(estimate)
    if not found.lower - ROUNDING <= estimate <= found.upper + ROUNDING:  # in other units: of something else
        return Reached(estimate)
    return Reached(estimate, min(found.lower, estimate), max(found.upper, estimate), found.n)


def baseline_of(run: Path, measure: Measure) -> dict[str, Any] | None:
    """Return {"name", "estimate", "skill", "skill_lower", "skill_upper"} of what needs no model, where it is stored."""
    for one in _qualities(run):
        if one.measure == measure.name and one.baseline:
            skill = {"skill": one.skill, "skill_lower": one.skill_lower, "skill_upper": one.skill_upper}
            return {"name": one.baseline, "estimate": one.baseline_estimate, **skill}
    return None


def _stored(run: Path, name: str) -> Reached | None:
    """Return a measure with its interval, from whichever probe has it."""
    for one in _qualities(run):
        if one.measure == name:
            return Reached(one.estimate, one.lower, one.upper, one.n)
    for record in _lengths(run):
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


def _unit(run: Path, name: str) -> str:
    units = {one.measure: one.unit for one in _lengths(run)} | {
        one.measure: one.unit for one in _qualities(run)
    }
    return units.get(_LENGTH.get(name, name), "accuracy" if name.endswith("accuracy") else "")


def _qualities(run: Path) -> list[Quality]:
    return _records(run, Quality)


def _lengths(run: Path) -> list[LengthRecord]:
    return _records(run, LengthRecord)


def _records(run: Path, kind: type[Kind]) -> list[Kind]:
    """Return the records of a kind that the test has stored; none when they are missing or damaged."""
    try:
        found = read_probe(run, BEST, f"{kind.probe}.json") or {}
        records = found.get("records") if found.get("split") == "test" else None
        return [kind.from_dict(record) for record in records] if isinstance(records, list) else []
    except (OSError, ValueError):
        return []

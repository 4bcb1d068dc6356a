"""What the runs are judged by, and what each reached: read from what `test` has stored. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seqtoolkit.compare_statistics import Quality
from seqtoolkit.files import is_number, is_whole
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.statistics import wilson
from seqtoolkit.retention_store import read as read_curves
from seqtoolkit.runs import Run, read_probe

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
    for record in _records(run.path, "quality.json"):
        if (name := str(record.get("measure"))) in measured:
            return Measure(name, "max" if name in HIGHER else "min", _unit(run.path, name))
    for name in HIGHER:
        if name in measured:
            return Measure(name, "max", _unit(run.path, name))
    return Measure("loss", "min")


def quality_of(run: Run, measure: Measure) -> Quality | None:
    """Return what a run reached, with its interval over examples where one was stored; None when it is not tested."""
    estimate = run.metrics.get(f"test/{measure.name}")
    if estimate is None:
        return None
    found = _stored(run.path, measure.name) or {}
    lower, upper, n = found.get("lower"), found.get("upper"), found.get("n")
    if not (is_number(lower) and is_number(upper) and is_whole(n, 1)):
        return Quality(estimate)
    return Quality(estimate, min(lower, estimate), max(upper, estimate), n)


def baseline_of(run: Path, measure: Measure) -> dict[str, Any] | None:
    """Return {"name", "estimate", "skill", "skill_lower", "skill_upper"} of what needs no model, where it is stored."""
    for record in _records(run, "quality.json"):
        baseline = record.get("baseline")
        if (
            record.get("measure") == measure.name
            and isinstance(baseline, dict)
            and is_number(record.get("skill"))
        ):
            skill = {name: record.get(name) for name in ("skill", "skill_lower", "skill_upper")}
            return {"name": str(baseline.get("name")), "estimate": baseline.get("estimate"), **skill}
    return None


def _stored(run: Path, name: str) -> dict[str, Any] | None:
    """Return {"lower", "upper", "n"} of a measure, from whichever probe has it."""
    for record in _records(run, "quality.json"):
        if record.get("measure") == name:
            return record
    for record in _records(run, "length.json"):
        if record.get("measure") == _LENGTH.get(name, name):
            overall: dict[str, Any] = record.get("settings", {}).get("overall") or {}
            return overall
    if name == "recall_accuracy":
        return next((_recalled(one) for one in read_curves(run, BEST) if one.protocol == "recall"), None)
    return None


def _recalled(curve: Record) -> dict[str, Any]:
    """Return Wilson's interval of all answers at the lags of training: wider than that of the mean over lags."""
    longest = curve.settings.get("max_lag", curve.lags[-1])
    counts = [
        (share * n, n)
        for lag, share, n in zip(curve.lags, curve.estimate, curve.n, strict=True)
        if lag <= longest
    ]
    hits, n = round(sum(hit for hit, _ in counts)), sum(n for _, n in counts)
    lower, upper = wilson(hits, n)
    return {"lower": lower, "upper": upper, "n": n}


def _unit(run: Path, name: str) -> str:
    for probe in ("quality.json", "length.json"):
        for record in _records(run, probe):
            if record.get("measure") == _LENGTH.get(name, name):
                return str(record.get("unit", ""))
    return "accuracy" if name.endswith("accuracy") else ""


def _records(run: Path, probe: str) -> list[dict[str, Any]]:
    """Return the records of a probe of the test split; none when it is missing or damaged."""
    try:
        found = read_probe(run, BEST, probe) or {}
    except (OSError, ValueError):
        return []
    records = found.get("records") if found.get("split") == "test" else None
    return [record for record in records if isinstance(record, dict)] if isinstance(records, list) else []

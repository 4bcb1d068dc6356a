"""Records stored beside checkpoints: read once for each change of the file, checked, and refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from seqtoolkit.files import is_number
from seqtoolkit.quality import Confusion, Example, Quality
from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.checked import check_names
from seqtoolkit.retention.finding import Finding
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import read_probe
from seqtoolkit_dashboard.cache import FileCache

T = TypeVar("T")
LARGEST = 1e30  # no unit reaches it, and sums and differences of smaller values stay finite


class Probe(Generic[T]):
    """One kind of record: the stem of its file, and how a record is rebuilt from plain values."""

    def __init__(self, stem: str, rebuild: Callable[[dict[str, Any]], T], key: str = "records") -> None:
        self.stem, self.file, self._key = stem, f"{stem}.json", key
        self._rebuild = rebuild
        self._records = FileCache(self._read, limit=256)

    def records(self, folder: Path) -> list[T]:
        """Return the records in the folder of a checkpoint's probes.

        Raises ValueError when they are there and cannot be understood.
        """
        return self._records(folder / "manifest.json")

    def step(self, folder: Path) -> int | None:
        """Return the training step at which the records of a folder were measured, where it is stored."""
        try:
            probe = read_probe(folder.parents[1], folder.name, self.file) or {}
        except (OSError, ValueError):
            return None
        step = probe.get("step")
        return step if isinstance(step, int) and not isinstance(step, bool) else None

    def _read(self, manifest: Path) -> list[T]:
        stem = manifest.parent.name
        probe = read_probe(manifest.parents[2], stem, self.file)
        if probe is None:
            return []
        found = probe.get(self._key)
        listed = isinstance(found, list) and all(isinstance(item, dict) for item in found)
        if probe.get("schema") != 1 or not listed:
            raise ValueError(f"probes/{stem}/{self.file}: expected schema 1 and a list of {self._key}")
        return [self._rebuild(item) for item in found or []]


def retention() -> Probe[Record]:
    """Return the reader of retention curves."""
    return Probe("retention", lambda item: _sorted(_sound(Record.from_dict(item))))


def lengths() -> Probe[LengthRecord]:
    """Return the reader of measures by source length."""
    return Probe("length", LengthRecord.from_dict)


def alignments() -> Probe[AlignmentRecord]:
    """Return the reader of what attention heads do over a split."""
    return Probe("alignment", AlignmentRecord.from_dict)


def qualities() -> Probe[Quality]:
    """Return the reader of measures beside their baselines."""
    return Probe("quality", Quality.from_dict)


def confusions() -> Probe[Confusion]:
    """Return the reader of which class was taken for which."""
    return Probe("confusion", Confusion.from_dict)


def examples() -> Probe[Example]:
    """Return the reader of single examples."""
    return Probe("examples", Example.from_dict)


def findings() -> Probe[Finding]:
    """Return the reader of what stands out in a checkpoint."""
    return Probe("diagnosis", _finding, key="findings")


def _finding(value: dict[str, Any]) -> Finding:
    """Rebuild a finding from plain values, checking every field."""
    check_names("finding", value, [field.name for field in fields(Finding)])
    texts = {"part": "model", **value}  # older findings do not say of which part they are
    if not all(isinstance(texts.get(name), str) for name in ("kind", "text", "curve", "next", "part")):
        raise ValueError(
            f"finding: 'kind', 'text', 'curve', 'next' and 'part' must be texts, found {value!r:.60}"
        )
    for name in ("numbers", "thresholds"):
        found = value.get(name)
        if not isinstance(found, dict) or not all(map(is_number, found.values())):
            raise ValueError(f"finding: {name!r} must be numbers by name, found {found!r:.60}")
    return Finding(**value)


def _sound(record: Record) -> Record:
    """Refuse what cannot be drawn: lags, a horizon or a seed that are no steps, values of no size."""
    if not all(_step(lag) for lag in record.lags):
        raise ValueError(f"retention record: lags are whole numbers from 0 on, found {record.lags!r:.60}")
    columns = (record.estimate, record.lower, record.upper, record.null, record.n)
    if not all(abs(value) < LARGEST for column in columns for value in column):
        raise ValueError(f"retention record: a value of {record.protocol!r:.20} is {LARGEST:g} or larger")
    bounds = (record.horizon.estimate, record.horizon.lower, record.horizon.upper) if record.horizon else ()
    if not all(_step(bound) for bound in bounds) or not (record.seed is None or _step(record.seed)):
        raise ValueError(
            f"retention record: a horizon and a seed are whole numbers, found {bounds!s:.60} and {record.seed!r:.60}"
        )
    return record


def _step(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31


def _sorted(record: Record) -> Record:
    """Sort a record by lag, as a curve is drawn."""
    order = sorted(range(len(record.lags)), key=record.lags.__getitem__)
    columns = ("lags", "estimate", "lower", "upper", "null", "n")
    values: dict[str, Any] = {name: [getattr(record, name)[i] for i in order] for name in columns}
    return replace(record, **values)

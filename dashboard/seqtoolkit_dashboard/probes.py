"""Records stored beside checkpoints: read once for each change of the file, checked, and refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import read_probe
from seqtoolkit_dashboard.cache import FileCache

T = TypeVar("T")


class Probe(Generic[T]):
    """One kind of record: the stem of its file, and how a record is rebuilt from plain values."""

    def __init__(self, stem: str, rebuild: Callable[[dict[str, Any]], T]) -> None:
        self.stem, self.file = stem, f"{stem}.json"
        self._rebuild = rebuild
        self._records = FileCache(self._read, limit=256)

    def records(self, folder: Path) -> list[T]:
        """Return the records in the folder of a checkpoint's probes.

        Raises ValueError when they are there and cannot be understood.
        """
        return self._records(folder / "manifest.json")

    def _read(self, manifest: Path) -> list[T]:
        stem = manifest.parent.name
        probe = read_probe(manifest.parents[2], stem, self.file)
        if probe is None:
            return []
        found = probe.get("records")
        listed = isinstance(found, list) and all(isinstance(item, dict) for item in found)
        if probe.get("schema") != 1 or not listed:
            raise ValueError(f"probes/{stem}/{self.file}: expected schema 1 and a list of records")
        return [self._rebuild(item) for item in found or []]


def retention() -> Probe[Record]:
    """Return the reader of retention curves."""
    return Probe("retention", lambda item: _sorted(Record.from_dict(item)))


def lengths() -> Probe[LengthRecord]:
    """Return the reader of measures by source length."""
    return Probe("length", LengthRecord.from_dict)


def alignments() -> Probe[AlignmentRecord]:
    """Return the reader of what attention heads do over a split."""
    return Probe("alignment", AlignmentRecord.from_dict)


def _sorted(record: Record) -> Record:
    """Sort a record by lag, as a curve is drawn."""
    order = sorted(range(len(record.lags)), key=record.lags.__getitem__)
    columns = ("lags", "estimate", "lower", "upper", "null", "n")
    values: dict[str, Any] = {name: [getattr(record, name)[i] for i in order] for name in columns}
    return replace(record, **values)

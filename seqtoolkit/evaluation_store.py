"""Curves that an evaluation has measured, written beside their checkpoint: a file for each kind of record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from seqtoolkit import retention_store
from seqtoolkit.data.metric import StoredRecord
from seqtoolkit.quality import Example
from seqtoolkit.retention.record import Record
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import read_probe


def store(
    folder: RunFolder, checkpoint: Path, records: Iterable[StoredRecord], split: str, step: int
) -> None:
    """Write the records of a split into an open run folder, with the run's seed; `step` is the checkpoint's."""
    probes: dict[str, list[StoredRecord]] = {}
    for record in records:
        probes.setdefault(record.probe, []).append(_completed(record, folder.record.get("seed"), split))
    for probe, found in probes.items():
        if _outranked(folder, checkpoint, f"{probe}.json", split, step):
            continue
        if curves := [record for record in found if isinstance(record, Record)]:
            retention_store.write(folder, checkpoint, step, curves, split)
        else:
            values = {
                "schema": 1,
                "split": split,
                "step": step,
                "records": [record.to_dict() for record in found],
            }
            folder.write_probe(checkpoint, f"{probe}.json", values)


def _completed(record: StoredRecord, seed: int | None, split: str) -> StoredRecord:
    """Add the run's seed; and to an example the split, without which its index says nothing."""
    if isinstance(record, Example):
        return replace(record, seed=seed, settings={**record.settings, "split": split})
    return replace(record, seed=seed)


def _outranked(folder: RunFolder, checkpoint: Path, name: str, split: str, step: int) -> bool:
    """Say whether the test split of the same checkpoint has been measured: validation does not replace it."""
    try:
        stored = read_probe(folder.path, checkpoint.stem, name) or {}
    except (OSError, ValueError):  # damaged: replace it
        return False
    return split == "val" and (stored.get("split"), stored.get("step")) == ("test", step)

"""Retention curves beside a checkpoint: read, merged and replaced, so that each is kept until it is measured anew.

Imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from seqtoolkit.probes import digest_of
from seqtoolkit.retention.record import Record
from seqtoolkit.retention_asked import asked_of
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import read_probe

NAME = f"{Record.probe}.json"
PROTOCOLS = ("decoding", "gradient", "influence", "recall", "truncation", "timescale")
Key = tuple[str, str, str, bool, str, int]


def key(record: Record) -> Key:
    """Return what a newer record must share with an older one to replace it."""
    settings, twin = record.settings, bool(record.settings.get("twin"))
    recall = (
        record.protocol == "recall"
    )  # its questions are the data's: of a checkpoint there is one such curve
    drive = "recall" if recall else str(settings.get("drive") or "iid")
    seed = -1 if (recall and not twin) or record.seed is None else record.seed
    return (record.protocol, record.unit, str(settings.get("part") or "model"), twin, drive, seed)


def merge(old: Iterable[Record], new: Iterable[Record]) -> list[Record]:
    """Return all records, the newer one where two have the same key: by protocol, twins last, then by seed.

    Older seeds and twins that were asked for otherwise (`asked` in the settings) are left out: one curve, one question.
    """
    new = list(new)
    asked = {_curve(record): asked_of(record) for record in new if asked_of(record)}
    kept = [record for record in old if asked_of(record) == asked.get(_curve(record), asked_of(record))]
    found = {key(record): record for record in (*kept, *new)}
    return [found[name] for name in sorted(found, key=_order)]


def read(run: Path, checkpoint: str, step: int | None = None, digest: str = "") -> list[Record]:
    """Read the curves of a checkpoint (its stem), as far as they can be understood.

    With `step`, none when the file is about another state of the checkpoint; with `digest`, none that was measured of
    another file.
    """
    probe = _probe(run, checkpoint)
    if step is not None and probe.get("step") != step:
        return []
    found, records = probe.get("records"), []
    for value in found if isinstance(found, list) else []:
        try:
            records.append(Record.from_dict(value))
        except ValueError:  # of another version: measured again
            continue
    return [record for record in records if _is_of(record, digest)]


def write(
    folder: RunFolder,
    checkpoint: Path,
    step: int,
    records: Iterable[Record],
    split: str = "",
    digest: str = "",
) -> None:
    """Merge records into those of a checkpoint at this step, whoever else measures it.

    `split` is that of the data of a recall curve; where it is empty, the file keeps its own. `digest` says what the
    checkpoint was that was measured (where it is empty, what it is now): curves of another file are left out.
    """
    digest = digest or digest_of(folder.path / "checkpoints" / checkpoint.name)
    with folder.probes.writing():
        before = _probe(folder.path, checkpoint.stem)
        kept = before.get("split", "") if before.get("step") == step else ""
        merged = merge(read(folder.path, checkpoint.stem, step, digest), records)
        head = {"schema": 1, "split": split or kept, "step": step}
        value = {**head, "records": [record.to_dict() for record in merged]}
        folder.probes.write(checkpoint, NAME, value, digest)


def _curve(record: Record) -> tuple[str, str, str]:
    """Return what all seeds and twins of a curve share."""
    protocol, _unit, part, _twin, drive, _seed = key(record)
    return protocol, part, drive


def _is_of(record: Record, digest: str) -> bool:
    """Say whether a record is of the checkpoint with this digest, as far as both are known."""
    return not digest or asked_of(record).get("checkpoint", digest) == digest


def _order(name: Key) -> tuple[object, ...]:
    protocol, _unit, part, twin, drive, seed = name
    rank = PROTOCOLS.index(protocol) if protocol in PROTOCOLS else len(PROTOCOLS)
    return (rank, protocol, part, drive, twin, seed)


def _probe(run: Path, checkpoint: str) -> dict[str, Any]:
    try:
        return read_probe(run, checkpoint, NAME) or {}
    except (OSError, ValueError):  # damaged: replaced by what is measured now
        return {}

"""What stands out in a checkpoint that was measured, in words, stored beside its curves: each part has its findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqtoolkit.retention.diagnosis import diagnose
from seqtoolkit.retention.finding import Finding
from seqtoolkit.retention.traces import summarise
from seqtoolkit.retention_protocols import independent
from seqtoolkit.retention_session import Session
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import read_probe

NAME = "diagnosis.json"
LOOKED_AT = 32  # sequences whose gates are looked at


def find(session: Session) -> list[Finding]:
    """Look at everything that is known of the part, not by this command only, and at its gates while it reads."""
    seen = session.view()
    units = summarise(seen, independent(seen, LOOKED_AT, session.options.steps, 0))
    return diagnose(session.known(), units, seen.part)


def store(folder: RunFolder, session: Session, findings: list[Finding]) -> None:
    """Write the findings of a part; those of the other part of the same checkpoint stay."""
    part, path = session.view().part, session.checkpoint.path
    with folder.probes.writing():
        before = _stored(folder.path, path.stem, session.digest)
        kept = [one for one in before if one.get("part", part) != part]
        ours = [finding.to_dict() for finding in findings]
        value = {
            "schema": 1,
            "step": session.checkpoint.step,
            "checkpoint": session.digest,
            "findings": sorted([*kept, *ours], key=lambda one: str(one["part"])),
        }
        folder.probes.write(path, NAME, value, session.digest)


def _stored(run: Path, checkpoint: str, digest: str) -> list[dict[str, Any]]:
    """Read the findings of a checkpoint as plain values; none of another file than this, nor what is damaged."""
    try:
        probe = read_probe(run, checkpoint, NAME) or {}
    except (OSError, ValueError):
        return []
    listed = probe.get("findings") if probe.get("checkpoint") == digest else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

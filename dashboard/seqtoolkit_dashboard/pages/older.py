"""Records of a checkpoint that has been replaced since they were measured, as best.ckpt is while a run trains."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from seqtoolkit import probes
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.cache import Stamp, stamp
from seqtoolkit_dashboard.pages import measured
from seqtoolkit_dashboard.probes import Probe
from seqtoolkit_dashboard.runs import RunIndex


def runs(index: RunIndex, chosen: Sequence[Run], stem: str) -> dict[str, int | None]:
    """Return, by id, the runs whose stored curves of a checkpoint are of an older state of it, and its training step.

    A run is not among them where its records do not say what they were measured from, or the checkpoint is gone.
    """
    return {
        run.id: index.retention.step(run.path / "probes" / stem)
        for run in chosen
        if is_older(index, run, stem)
    }


def notes(found: dict[str, int | None], stem: str) -> list[str]:
    """Say of which runs the curves are of an older state, and what measures the new one."""
    return [
        f"{run}: these curves are of an older {stem}.ckpt{'' if step is None else f', of step {step:,}'};"
        f" it has been replaced since. Measure it below, or type: {measured.command(run, stem)}"
        for run, step in found.items()
    ]


def is_older(index: RunIndex, run: Run, stem: str, probe: Probe[Any] | None = None) -> bool:
    """Say whether the stored curves of a checkpoint, or records of `probe`, are of an older state of it, if known."""
    probe, path = probe or index.retention, index.checkpoint(run, stem)
    if path is None or stem not in index.probed(run, probe):
        return False
    manifest = run.path / "probes" / stem / "manifest.json"
    return _outdated(run.path, stem, probe.file, stamp(manifest), stamp(path))


@lru_cache(maxsize=1024)
def _outdated(run: Path, stem: str, name: str, _manifest: Stamp, _checkpoint: Stamp) -> bool:
    """Read the whole checkpoint, and so only once for each state of the two files."""
    return probes.outdated(run, stem, name)

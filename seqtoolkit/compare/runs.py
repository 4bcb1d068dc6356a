"""How far the runs of a comparison have come, as their folders say. Imports no torch."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from seqtoolkit.compare.plan import Work
from seqtoolkit.compare.quality import BEST
from seqtoolkit.compare.store import COST
from seqtoolkit.runs import Run, read_metrics, read_probe, read_run

Status = Literal["waiting", "finished", "failed"]
Stamp = tuple[int, int, int] | None  # of a run.json: another one was written when it differs


def look(path: Path) -> Run:
    """Read a run, unless it was read before and has not changed since: there are many, and each is asked for often."""
    return _read(path, _stamp(path))


@lru_cache(maxsize=4096)
def _read(path: Path, stamp: Stamp) -> Run:
    return read_run(path)


def _stamp(path: Path) -> Stamp:
    try:
        found = (path / "run.json").stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def finished(work: Work) -> list[tuple[str, int, Run]]:
    """Return the runs that were trained to their end, (architecture, seed, run), seed by seed."""
    chosen = {arch: chosen_rate(work, arch) for arch in work.options.architectures}
    runs = [
        (arch, seed, look(work.run(arch, rate, seed)))
        for seed in work.seeds
        for arch, rate in chosen.items()
        if rate is not None
    ]
    return [one for one in runs if one[2].status == "finished"]


def first_runs(work: Work) -> dict[str, Run]:
    """Return of each architecture the finished run of the first seed that has one."""
    found: dict[str, Run] = {}
    for arch, _, run in finished(work):
        found.setdefault(arch, run)
    return found


def chosen_rate(work: Work, arch: str) -> float | None:
    """Return the rate with which the validation split was predicted best; None when it is not known (yet)."""
    if len(work.rates) == 1:
        return work.rates[0]
    values = {rate: reached(work, work.tried(arch, rate)) for rate in work.rates}
    known = {rate: value for rate, value in values.items() if value is not None}
    open_ones = [rate for rate in work.rates if status_of(look(work.tried(arch, rate)))[0] == "waiting"]
    if not known or open_ones:
        return None
    return (min if work.plan.mode == "min" else max)(known, key=lambda rate: known[rate])


def reached(work: Work, run: Path) -> float | None:
    """Return the best value of the monitored measure in a finished run."""
    if look(run).status != "finished":
        return None
    return _best(run, _stamp(run), work.plan.monitor, work.plan.mode)


@lru_cache(maxsize=4096)
def _best(run: Path, stamp: Stamp, monitor: str, mode: str) -> float | None:
    values = [row[monitor] for row in read_metrics(run) if monitor in row]
    return (min if mode == "min" else max)(values, default=None)


def status_of(run: Run) -> tuple[Status, str]:
    """Say whether a run is finished, failed (and why), or is to be trained (on)."""
    if run.status == "finished":
        return "finished", ""
    if run.status == "crashed" and run.error not in ("", "interrupted"):
        return "failed", run.error
    return "waiting", ""


def cost_of(run: Path) -> dict[str, Any]:
    """Return what was measured of a run's time and state; nothing when it was not."""
    try:
        return read_probe(run, BEST, COST) or {}
    except (OSError, ValueError):  # damaged: measured again
        return {}

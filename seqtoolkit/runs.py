"""What a run leaves on disk, and how it is read. Imports no torch; trusts nothing it reads.

runs/<run-id>/run.json            who, what, when, status, latest metrics; replaced atomically
              run.lock            held (flock) by the process that trains, so a dead one is noticed
              config.yaml         the fully expanded configuration
              metrics.jsonl       append-only, one line per logging step
              checkpoints/*.ckpt
              probes/<checkpoint>/retention.json ... manifest.json (written last)
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from seqtoolkit.files import is_number, is_whole, read_json

SCHEMA = 1
YEAR_5138 = 1e11  # seconds since 1970; no run is so late
STALE_AFTER = 120.0  # seconds without a heartbeat
METRICS_LIMIT = 256 << 20  # bytes
Status = Literal["running", "finished", "crashed", "stale", "unreadable"]


@dataclass(frozen=True)
class Run:
    """One run folder, as far as it could be read; `error` says what could not."""

    path: Path
    id: str
    status: Status
    arch: str = ""
    task: str = ""
    encoder: str = ""  # architecture of the encoder; empty for a single model of the whole sequence
    attention: str = ""  # from the decoder to the encoder: its name, or "none"
    plugin: str = ""  # distribution and version that offered the architecture, "seqtoolkit 0.1.0"
    parameters: int | None = None
    seed: int | None = None
    step: int | None = None
    created: float | None = None  # seconds since the epoch
    finished: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)  # the latest value of each, "val/loss": 0.3
    record: dict[str, Any] = field(default_factory=dict)  # run.json as it is
    error: str = ""

    @property
    def label(self) -> str:
        """Name the model: "lstm", or "gru → lstm · additive" for encoder, decoder and attention between them."""
        if not self.encoder:
            return self.arch
        return f"{self.encoder} → {self.arch} · {self.attention or 'none'}"

    @property
    def checkpoints(self) -> list[Path]:
        """List the checkpoint files: best first, then last, then the others by name."""
        order = {"best": 0, "last": 1}
        found = [path for path in (self.path / "checkpoints").glob("*.ckpt") if not path.is_symlink()]
        return sorted(found, key=lambda path: (order.get(path.stem, 2), path.stem))


def list_runs(runs_dir: Path, read: Callable[[Path], Run] | None = None) -> list[Run]:
    """Read every run folder directly below `runs_dir`, by name; a folder without run.json is no run.

    `read` may be given to remember folders that have not changed.
    """
    folders = sorted(path for path in runs_dir.iterdir() if not path.is_symlink() and path.is_dir())
    return [(read or read_run)(path) for path in folders if _may_be_a_run(path)]


def _may_be_a_run(path: Path) -> bool:
    try:
        return (path / "run.json").is_file()
    except PermissionError:
        return True  # listed as unreadable, never silently dropped


def read_run(path: Path) -> Run:
    """Read one run folder; problems become `status="unreadable"` and `error`, never an exception."""
    try:
        record = read_json(path / "run.json")
    except (OSError, ValueError) as error:
        return Run(path, path.name, "unreadable", error=str(error))
    if record.get("schema") != SCHEMA:
        message = (
            f"schema {record.get('schema')!r}, expected {SCHEMA}: written by another version of seqtoolkit"
        )
        return Run(path, path.name, "unreadable", record=record, error=message)
    return Run(
        path=path,
        id=path.name,
        status=_status(path, record),
        arch=_text(record, "arch"),
        encoder=_text(record, "encoder"),
        attention=_text(record, "attention"),
        task=_text(record, "task"),
        plugin=_text(record, "plugin"),
        parameters=_integer(record, "parameters"),
        seed=_integer(record, "seed"),
        step=_integer(record, "step"),
        created=_time(record, "created"),
        finished=_time(record, "finished"),
        metrics=_metrics(record.get("metrics")),
        record=record,
        error=_text(record, "error"),
    )


def read_metrics(path: Path) -> list[dict[str, float]]:
    """Read a run's metrics.jsonl in order of step; torn or foreign lines are skipped.

    Each row has `step`, `epoch`, `time` (seconds since the epoch) and metrics by name. After a resume the same
    step may stand there twice: the later line wins.
    """
    rows: dict[int, dict[str, float]] = {}
    for line in _lines(path / "metrics.jsonl"):
        try:
            row = _metrics(json.loads(line))
        except (ValueError, RecursionError):
            continue
        if "step" in row:
            step = int(row["step"])
            rows[step] = rows.get(step, {}) | row
    return [rows[step] for step in sorted(rows)]


def read_probe(run: Path, checkpoint: str, name: str = "retention.json") -> dict[str, Any] | None:
    """Read one probe of a checkpoint (its stem), or None when there is none that was written to its end.

    Raises ValueError when the file is there and cannot be understood.
    """
    folder = run / "probes" / checkpoint
    if not (folder / "manifest.json").is_file():
        return None
    files = read_json(folder / "manifest.json").get("files")
    if not isinstance(files, dict) or name not in files:
        return None
    return read_json(folder / name)


def alive(path: Path) -> bool:
    """Say whether a process holds the lock of this run folder."""
    try:
        with (path / "run.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _status(path: Path, record: dict[str, Any]) -> Status:
    status = record.get("status")
    if status != "running":
        return status if status in ("finished", "crashed") else "unreadable"
    if not alive(path):
        return "crashed"
    updated = _time(record, "updated") or 0.0
    return "stale" if time.time() - updated > STALE_AFTER else "running"


def _lines(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        yield from file.read(METRICS_LIMIT).split(b"\n")


def _metrics(value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        return {}
    return {str(name): number for name, number in value.items() if is_number(number)}


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""


def _integer(record: dict[str, Any], name: str) -> int | None:
    value = record.get(name)
    return value if is_whole(value, 0) else None


def _time(record: dict[str, Any], name: str) -> float | None:
    """Return seconds since 1970, where a calendar has that day."""
    value = record.get(name)
    return float(value) if is_number(value) and 0 <= value < YEAR_5138 else None


def find_checkpoint(path: Path) -> Path:
    """Return the file of a checkpoint, or that of a run's best (else last) one.

    Raises ValueError when there is none.
    """
    if not path.is_dir():
        return path
    found = read_run(path).checkpoints if (path / "run.json").is_file() else []
    if not found:
        raise ValueError(
            f"{path} holds no checkpoint; expected a run folder such as runs/RUN, or runs/RUN/checkpoints/best.ckpt"
        )
    return found[0]

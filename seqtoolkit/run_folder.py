"""The writing side of a run folder: one owner at a time, append-only metrics, everything else replaced atomically."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from seqtoolkit.files import is_number, read_json, write_atomically, write_json
from seqtoolkit.probes import Probes
from seqtoolkit.runs import SCHEMA


class RunFolder:
    """A run folder that this process owns from `open` to `close`; the lock goes with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.probes = Probes(path)
        self.record: dict[str, Any] = {}
        self._lock: int | None = None
        self._log: int | None = None

    @property
    def owned(self) -> bool:
        """Whether this process holds the folder."""
        return self._lock is not None

    def open(self, create: bool) -> None:
        """Take the folder: a new one when `create`, else one that holds a run.

        Raises ValueError when another process owns it, when it is taken (create) or holds no run (not create),
        and OSError when it cannot be written.
        """
        if create:
            self.path.mkdir(parents=True, exist_ok=True)
        elif not (self.path / "run.json").is_file():
            raise ValueError(f"{self.path} holds no run (no run.json)")
        self._take_lock()  # before looking: two runs may begin at the same moment
        exists = (self.path / "run.json").exists()
        if create and exists:
            self.close()
            last = self.path / "checkpoints" / "last.ckpt"
            resume = f", or continue it with --ckpt_path {last}" if last.exists() else ""
            raise ValueError(f"{self.path} holds a run already: choose another folder with --run{resume}")
        self.record = (
            read_json(self.path / "run.json") if exists else {"schema": SCHEMA, "id": self.path.name}
        )

    def update(self, **fields: Any) -> None:
        """Change fields of run.json; metrics are merged, and what is not finite is left out."""
        metrics = {**self.record.get("metrics", {}), **fields.pop("metrics", {})}
        metrics = {name: value for name, value in metrics.items() if is_number(value)}
        self.record |= {**fields, "metrics": metrics, "updated": time.time()}
        write_json(self.path / "run.json", self.record)

    def log(self, step: int, epoch: int, metrics: dict[str, float]) -> None:
        """Append one line to metrics.jsonl by a single write, so that a killed process tears at most that line."""
        if self._log is None:
            self._log = self._open_log()
        line = json.dumps({"step": step, "epoch": epoch, "time": round(time.time(), 3), **metrics})
        data = line.encode() + b"\n"
        if (written := os.write(self._log, data)) < len(data):
            raise OSError(
                f"{self.path / 'metrics.jsonl'}: wrote {written} of {len(data)} bytes; is the disk full?"
            )

    def write_text(self, name: str, text: str) -> None:
        """Write a file beside run.json."""
        write_atomically(self.path / name, text.encode())

    def write_probe(self, checkpoint: Path, name: str, value: dict[str, Any]) -> None:
        """Store a measurement of a checkpoint, the manifest last: a reader sees all of it or nothing."""
        self.probes.write(checkpoint, name, value)

    def close(self) -> None:
        """Give the folder back."""
        for handle in (self._log, self._lock):
            if handle is not None:
                os.close(handle)
        self._log = self._lock = None

    def _take_lock(self) -> None:
        """Hold run.lock; a reader may touch it for an instant, so try for a second."""
        self._lock = os.open(self.path / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        for _ in range(20):
            try:
                return fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
        self.close()
        raise ValueError(
            f"{self.path} is in use by another process that is still running; choose another --run"
        )

    def _open_log(self) -> int:
        """Open metrics.jsonl to append, closing a line that a crash has torn."""
        path = self.path / "metrics.jsonl"
        torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        if torn:
            os.write(handle, b"\n")
        return handle

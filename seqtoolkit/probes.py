"""What was measured of a run's checkpoints: files beside them, each of them whole, whoever else writes meanwhile.

The locks are not that of the run, so that it is measured while it is trained. Imports no torch.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqtoolkit.files import read_json, write_json
from seqtoolkit.runs import SCHEMA


class Probes:
    """The measurements of one run: held by one measurer at a time, and changed by one process at a time."""

    def __init__(self, run: Path) -> None:
        self.path = run / "probes"
        self._writing = False  # whether this object holds the lock already

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run for a measurement, so that no other process makes the same one.

        Raises ValueError when another process measures it, and OSError when nothing can be written.
        """
        lock = self._open("measuring.lock")
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(
                    f"{self.path.parent} is being measured by another process: wait until it ends, or copy the"
                    " checkpoint out of the run and measure that"
                ) from None
            yield
        finally:
            os.close(lock)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let nobody else read and replace a file meanwhile; for the moment that it takes."""
        if self._writing:
            yield
            return
        lock = self._open("writing.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._writing = True
            yield
        finally:
            self._writing = False
            os.close(lock)

    def write(self, checkpoint: Path, name: str, value: dict[str, Any], digest: str = "") -> None:
        """Store a measurement of a checkpoint, the manifest last: a reader sees all of it or nothing.

        `digest` is that of the checkpoint as it was measured; where it is empty, that of the file as it is now.
        """
        folder = self.path / checkpoint.stem
        with self.writing():
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / name, value)
            manifest = folder / "manifest.json"
            files = read_json(manifest).get("files", {}) if manifest.exists() else {}
            data = (folder / name).read_bytes()
            whole = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            files[name] = {
                **whole,
                "checkpoint": digest or digest_of(_file(self.path.parent, checkpoint.name)),
            }
            write_json(manifest, {"schema": SCHEMA, "checkpoint": checkpoint.name, "files": files})

    def _open(self, name: str) -> int:
        self.path.mkdir(parents=True, exist_ok=True)
        return os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def digest_of(file: Path) -> str:
    """Say what a checkpoint is: the beginning of its sha256; nothing when it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()[:16]
    except OSError:
        return ""


def outdated(run: Path, checkpoint: str, name: str) -> bool:
    """Say whether a checkpoint (its stem) is another one than when a probe of it was measured.

    False where that cannot be known: the checkpoint is gone, or the probe is of a version that did not keep it.
    """
    try:
        known = read_json(run / "probes" / checkpoint / "manifest.json")["files"][name]["checkpoint"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    now = digest_of(_file(run, f"{checkpoint}.ckpt"))
    return bool(known and now) and known != now


def _file(run: Path, name: str) -> Path:
    return run / "checkpoints" / name

"""Measure a checkpoint in a process of its own: one at a time, its progress the last line it wrote, ended with us."""

from __future__ import annotations

import atexit
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Literal

COMMAND = (sys.executable, "-m", "seqtoolkit_dashboard.child", "retention")
TAIL, LINE = 4096, 300  # bytes of the log that are looked at, characters of a line that is shown
_UNSEEN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")  # colours and other controls
_PATIENCE = 5.0  # seconds

State = Literal["idle", "running", "finished", "failed", "stopped"]


@dataclass(frozen=True)
class Progress:
    """What is measured, or was last."""

    state: State = "idle"
    what: str = ""
    line: str = ""  # the last one that the process wrote


class Measuring:
    """At most one measurement at a time; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._progress = Progress()
        atexit.register(self.stop)  # however else this process ends, `child` ends with it

    def start(self, what: str, checkpoint: Path, options: Sequence[str] = ()) -> None:
        """Begin to measure a checkpoint, with options of `seqtoolkit retention`.

        Raises ValueError while another one is measured, or when no process can be started.
        """
        with self._lock:
            if self._look().state == "running":
                raise ValueError(
                    f"{self._progress.what} is being measured, one at a time; wait for it, or stop it"
                )
            self._close()
            self._log = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process lives)
            try:
                self._process = subprocess.Popen(
                    [*COMMAND, str(checkpoint), "--progress", "lines", *options],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,  # the curves, which the page draws
                    stderr=self._log,
                )
            except OSError as error:
                raise ValueError(f"cannot start to measure {what}: {error.strerror}") from None
            self._progress = Progress("running", what)

    def progress(self) -> Progress:
        """Look at the process."""
        with self._lock:
            return self._look()

    def stop(self) -> None:
        """End the process that measures, if there is one."""
        with self._lock:
            if self._look().state == "running":
                assert self._process is not None
                self._process.terminate()
                try:
                    self._process.wait(_PATIENCE)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
                self._progress = Progress("stopped", self._progress.what)
            self._close()

    def _look(self) -> Progress:
        process, before = self._process, self._progress
        if process is None or before.state != "running":
            return before
        code = process.poll()
        state: State = "running" if code is None else "finished" if code == 0 else "failed"
        said = _last_line(self._log) or (f"it ended with status {code} and said nothing" if code else "")
        self._progress = Progress(state, before.what, said)
        return self._progress

    def _close(self) -> None:
        for file in (self._process.stdin if self._process else None, self._log):
            if file is not None:
                file.close()
        self._process = self._log = None


def _last_line(log: IO[bytes] | None) -> str:
    """Return the last line of a log, as a terminal would show it where a progress bar overwrites itself."""
    if log is None:
        return ""
    size = os.fstat(log.fileno()).st_size
    text = os.pread(log.fileno(), TAIL, max(0, size - TAIL)).decode("utf-8", "replace")
    lines = [_UNSEEN.sub("", line).strip() for line in re.split(r"[\r\n]+", text)]
    return next((line for line in reversed(lines) if line), "")[:LINE]

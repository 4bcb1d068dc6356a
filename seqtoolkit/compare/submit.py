"""Where jobs run: one function, `submit`, takes a command and returns its future exit status.

Here: processes of this machine, so many at a time. Another executor (Ray, SLURM) is another function of this type.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

GRACE = 30.0  # seconds in which a job that is stopped may save what it has

Submit = Callable[[Sequence[str], Path], "Future[int]"]  # of a command and the file for its output


class _Processes:
    """Runs commands as processes, each a group of its own, so that a Ctrl-C reaches them once: from here."""

    def __init__(self, threads: int) -> None:
        self._environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, command: Sequence[str], log: Path) -> int:
        """Run a command to its end, its output after what the log holds; return its exit status."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            with self._lock:
                if self._stopped:
                    return -signal.SIGINT
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    env=self._environment,
                    start_new_session=True,
                )
                self._running.add(process)
            try:
                return process.wait()
            finally:
                with self._lock:
                    self._running.discard(process)

    def stop(self) -> None:
        """Interrupt what is running, and end by force what does not stop in time, or at a second Ctrl-C."""
        with self._lock:
            self._stopped = True
        self._signal(signal.SIGINT)
        try:
            until = time.monotonic() + GRACE
            while self._running and time.monotonic() < until:
                time.sleep(0.05)
        finally:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            for process in self._running:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)


@contextmanager
def local(slots: int, threads: int) -> Iterator[Submit]:
    """Yield a `submit` that runs `slots` commands at a time, each with so many threads.

    When the body ends by an exception (Ctrl-C), what waits is dropped and what runs is stopped.
    """
    processes = _Processes(threads)
    with ThreadPoolExecutor(max_workers=slots) as pool:
        try:
            yield lambda command, log: pool.submit(processes.run, command, log)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.stop()
            raise

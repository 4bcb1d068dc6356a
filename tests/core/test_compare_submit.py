"""Jobs as processes of this machine: so many at a time, their output kept, and none outlives the comparison."""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path

import pytest

from seqtoolkit.compare.submit import local

STUBBORN = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
POLITE = """
import time
try:
    print('up', flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print('saved', flush=True)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_output_is_kept_and_the_status_returned(tmp_path: Path) -> None:
    with local(2, 3) as submit:
        futures = [
            submit(
                python("import os, sys; print(os.environ['OMP_NUM_THREADS'], sys.stdin.read()); sys.exit(5)"),
                log,
            )
            for log in (tmp_path / "new" / "a.log", tmp_path / "b.log")
        ]
        assert [future.result(timeout=30) for future in futures] == [5, 5]
        assert submit(python("print('more')"), tmp_path / "b.log").result(timeout=30) == 0
    assert (tmp_path / "new" / "a.log").read_text().split() == ["3"]
    assert (tmp_path / "b.log").read_text().split() == ["3", "more"]


def test_no_more_at_a_time_than_asked(tmp_path: Path) -> None:
    code = "import time; print(time.time(), flush=True); time.sleep(0.1); print(time.time())"
    with local(1, 1) as submit:
        logs = [tmp_path / f"{number}.log" for number in range(3)]
        for future in [submit(python(code), log) for log in logs]:
            future.result(timeout=30)
    times = [list(map(float, log.read_text().split())) for log in logs]
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(times))


def test_an_interruption_stops_every_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtoolkit.compare.submit.GRACE", 0.5)
    code = "import os; print(os.getpid(), flush=True)\n"
    logs = [tmp_path / "polite.log", tmp_path / "stubborn.log", tmp_path / "never.log"]

    def compare() -> None:
        with local(2, 1) as submit:
            for body, log in zip((POLITE, STUBBORN, STUBBORN), logs, strict=True):
                submit(python(code + body), log)
            while not all(log.is_file() and "up" in log.read_text() for log in logs[:2]):
                time.sleep(0.01)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        compare()
    assert time.monotonic() - began < 30
    assert logs[0].read_text().split()[1:] == ["up", "saved"]
    assert not logs[2].exists()
    assert all(gone(int(log.read_text().split()[0])) for log in logs[:2])

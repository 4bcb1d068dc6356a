"""Measuring on demand: in a process of its own, one at a time, with progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from seqtoolkit_dashboard import measuring
from seqtoolkit_dashboard.measuring import Measuring, Progress
from seqtoolkit_dashboard.pages import measure

from tests.dashboard.measuring_asked import FAST


@pytest.fixture
def started() -> Iterator[Measuring]:
    one = Measuring()
    yield one
    one.stop()


def until(one: Measuring, fits: Callable[[Progress], bool]) -> Progress:
    deadline = time.monotonic() + FAST
    while time.monotonic() < deadline:
        if fits(one.progress()):
            return one.progress()
        time.sleep(0.02)
    raise AssertionError(f"still {one.progress()}")


def test_the_last_line_is_the_progress(started: Measuring, command: Callable[[str], None]) -> None:
    command(r"import sys; sys.stderr.write('a\n\x1b[31m 50%\r  60%|###\r'); sys.stderr.flush(); input()")
    started.start("x", Path("x.ckpt"))
    seen = until(started, lambda progress: bool(progress.line))
    assert seen == Progress("running", "x", "60%|###")


def test_a_checkpoint_and_options_are_words_of_the_command(
    started: Measuring, command: Callable[[str], None]
) -> None:
    command("import sys; print('curves'); print(sys.argv[1:], file=sys.stderr)")
    started.start("x", Path("/r/a b/best.ckpt"), ["--seeds=2"])
    seen = until(started, lambda progress: progress.state == "finished")
    assert seen.line == "['/r/a b/best.ckpt', '--progress', 'lines', '--seeds=2']"


def test_there_is_one_at_a_time(started: Measuring, command: Callable[[str], None]) -> None:
    command("input()")
    started.start("first", Path("x.ckpt"))
    with pytest.raises(ValueError, match="first is being measured, one at a time"):
        started.start("second", Path("y.ckpt"))
    started.stop()
    assert started.progress() == Progress("stopped", "first")
    started.start("second", Path("y.ckpt"))
    assert started.progress().what == "second"


def test_an_error_is_one_line(started: Measuring, command: Callable[[str], None]) -> None:
    command(
        "import sys; print('Traceback', file=sys.stderr); sys.exit('no such\\nlags beyond the sequence ' + 'x' * 999)"
    )
    started.start("x", Path("x.ckpt"))
    seen = until(started, lambda progress: progress.state == "failed")
    assert measure.say(seen).startswith("x was not measured: lags beyond the sequence xxx")
    assert len(seen.line) == measuring.LINE
    command("raise SystemExit(3)")
    started.start("x", Path("x.ckpt"))
    assert "status 3" in until(started, lambda progress: progress.state == "failed").line


def test_what_cannot_be_started_says_so(started: Measuring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "COMMAND", ("/no/such/program",))
    with pytest.raises(ValueError, match="cannot start to measure x: No such file"):
        started.start("x", Path("x.ckpt"))
    assert started.progress().state == "idle"


def test_a_deaf_process_is_killed(
    started: Measuring, command: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "_PATIENCE", 0.1)
    command(
        "import signal, sys, time; signal.signal(15, signal.SIG_IGN); sys.stderr.write('deaf'); time.sleep(60)"
    )
    started.start("x", Path("x.ckpt"))
    until(started, lambda progress: progress.line == "deaf")
    started.stop()
    assert started.progress().state == "stopped"

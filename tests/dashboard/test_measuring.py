"""Measuring on demand: in a process of its own, one at a time, with progress, and never longer than the server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from seqtoolkit_dashboard import ids, measuring
from seqtoolkit_dashboard.measuring import Measuring, Progress
from seqtoolkit_dashboard.pages import asked, measure

from seqtoolkit.retention_options import parse
from tests.dashboard.client import call

FAST = 20.0  # seconds, on a busy machine


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a script stand for the command that measures."""

    def set_to(script: str) -> None:
        monkeypatch.setattr(measuring, "COMMAND", (sys.executable, "-c", script))

    return set_to


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


def test_the_child_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    script = f"""
import sys, time
from pathlib import Path
from seqtoolkit_dashboard import measuring
child = "import os, threading, time; from seqtoolkit_dashboard.child import _end_with_parent as end;"
child += "threading.Thread(target=end, daemon=True).start(); os.write(2, str(os.getpid()).encode()); time.sleep(60)"
measuring.COMMAND = (sys.executable, "-c", child)
one = measuring.Measuring()
one.start("x", Path({str(tmp_path)!r}))
while not one.progress().line: time.sleep(0.02)
print(one.progress().line, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        child = int(server.stdout.readline())
        server.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + FAST
    while time.monotonic() < deadline and _runs(child):
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_the_child_is_seqtoolkit() -> None:
    words = [sys.executable, "-m", "seqtoolkit_dashboard.child", "--version"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.read().startswith("seqtoolkit ")
        assert child.wait() == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"done": 3, "of": 36, "seconds_left": 41.6, "protocol": "decoding"}', "3 of 36 curves, about 42 s left"),
        ('{"done": 0, "of": 2, "seconds_left": null}', "0 of 2 curves"),
        ("12%|#", "12%|#"), ("[]", "[]"), ('{"done": "x"}', '{"done": "x"}'), ("", "starting"),
    ],
)  # fmt: skip
def test_progress_is_said_in_words(line: str, says: str) -> None:
    assert measure.say(Progress("running", "a best", line)) == f"Measuring a best: {says}"


def act(app: Dash, trigger: str, **values: Any) -> dict[str, Any]:
    return call(app, ids.MEMORY_PROGRESS, trigger, url__search="", **values) or {}


def test_the_button_measures_what_was_chosen_and_stop_ends_it(
    app: Dash, runs_dir: Path, command: Callable[[str], None]
) -> None:
    path = runs_dir / "recall-lstm" / "checkpoints" / "best.ckpt"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    command("input()")
    drawn = call(app, ids.MEMORY_GRAPH, "url.search", url__search="?run=recall-lstm", scheme__data="light")
    assert drawn[ids.MEMORY_TARGET]["value"] == "recall-lstm/best"
    assert drawn[ids.MEMORY_TARGET]["data"][0]["label"] == "recall-lstm, best (has recall)"
    begun = act(
        app, "memory-start.n_clicks", memory_target__value="recall-lstm/best", memory_start__n_clicks=1
    )
    assert begun[ids.MEMORY_PROGRESS]["children"] == "Measuring recall-lstm best: starting"
    assert begun[ids.MEMORY_START]["disabled"] is True
    shown = begun[ids.MEMORY_PROGRESS]["children"]
    assert act(app, "tick.n_intervals", memory_progress__children=shown) == {}
    again = act(
        app, "memory-start.n_clicks", memory_target__value="recall-lstm/best", memory_start__n_clicks=2
    )
    assert "one at a time" in again[ids.MEMORY_PROGRESS]["children"]
    ended = act(app, "memory-stop.n_clicks", memory_stop__n_clicks=1)
    assert ended[ids.MEMORY_PROGRESS]["children"] == "recall-lstm best was stopped."
    assert ended[ids.MEMORY_STOP]["disabled"] is True


@pytest.mark.parametrize(
    "chosen", [None, "", "recall-lstm/best", "../../etc/passwd", "gone/best", "recall-lstm/../x"]
)
def test_only_what_the_index_knows_is_measured(
    app: Dash, command: Callable[[str], None], chosen: str | None
) -> None:
    command("raise SystemExit('it ran')")
    said = act(app, "memory-start.n_clicks", memory_target__value=chosen, memory_start__n_clicks=1)
    assert "no checkpoint" in said[ids.MEMORY_PROGRESS]["children"].replace("No run", "no checkpoint")
    assert act(app, "tick.n_intervals", memory_progress__children=said[ids.MEMORY_PROGRESS]["children"]) == {}


FILE = Path("/r/best.ckpt")
HELD = {"part": None, "lags": "", "steps": 256, "seeds": 3, "split": "test", "protocols": ""}


def test_fields_are_options_and_empty_ones_are_left_to_the_command() -> None:
    assert asked.words(FILE, {**HELD, "steps": "", "seeds": None}) == ["--split=test"]
    held = {**HELD, "part": "encoder", "lags": " 1,2 ", "protocols": "decoding,gradient"}
    options = parse([str(FILE), *asked.words(FILE, held)])
    assert (options.part, options.lags, options.protocols) == ("encoder", (1, 2), ("decoding", "gradient"))
    assert (options.steps, options.seeds, options.split) == (256, 3, "test")


def test_what_the_fields_begin_with_is_what_the_command_does_without_them() -> None:
    options = parse([str(FILE)])
    assert (options.steps, options.seeds, options.split) == (asked.STEPS, asked.SEEDS, "test")


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"lags": "1,x"}, "expected such as 1,2,4,8 or 1:128, found 'x'"),
        ({"lags": "1,300"}, "lag 300 lies beyond sequences of 256 steps; use lags up to 255, or --steps 301"),
        ({"lags": "--json"}, "expected such as"),
        ({"steps": 1}, "--steps 1: expected 2 or more"),
        ({"seeds": 0}, "--seeds 0: expected 1 or more"),
        ({"seeds": 1000}, "--seeds 1000: this page measures up to 20; for more, type: seqtoolkit retention RUN"),
        ({"seeds": "1.5"}, "invalid int value: '1.5'"),
        ({"steps": 10**9}, "--steps 1000000000: this page measures up to 16,384"),
        ({"split": "train"}, "invalid choice: 'train'"),
        ({"part": {}}, "invalid choice"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_is_one_error(held: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        asked.words(FILE, {**HELD, **held})
    assert "\n" not in str(caught.value)


def test_only_an_encoder_decoder_is_asked_for_a_part(
    app: Dash, runs_dir: Path, command: Callable[[str], None]
) -> None:
    command("import sys; print(sys.argv[1:], file=sys.stderr); input()")
    for name, offered in (("pairs-plain", True), ("recall-lstm", False)):
        path = runs_dir / name / "checkpoints" / "best.ckpt"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        chosen = f"{name}/best"
        shown = call(
            app, f"{ids.MEMORY_PART_FRAME}.hidden", "memory-target.value", memory_target__value=chosen
        )
        assert shown[ids.MEMORY_PART_FRAME]["hidden"] is not offered
        given = {"memory_part__value": "encoder", "memory_lags__value": "1:8", "memory_seeds__value": 1}
        act(app, "memory-start.n_clicks", memory_target__value=chosen, memory_start__n_clicks=1, **given)
        says = until_said(app, "--lags=1:8")
        assert "--seeds=1" in says
        assert ("--part=encoder" in says) is offered
        act(app, "memory-stop.n_clicks", memory_stop__n_clicks=1)


def until_said(app: Dash, words: str) -> str:
    deadline = time.monotonic() + FAST
    while time.monotonic() < deadline:
        said = act(app, "tick.n_intervals").get(ids.MEMORY_PROGRESS, {}).get("children", "")
        if words in said:
            return str(said)
        time.sleep(0.02)
    raise AssertionError(f"{words} was never said")


def test_a_wrong_field_is_said_and_nothing_starts(
    app: Dash, runs_dir: Path, command: Callable[[str], None]
) -> None:
    command("raise SystemExit('it ran')")
    path = runs_dir / "recall-lstm" / "checkpoints" / "best.ckpt"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    said = act(app, "memory-start.n_clicks", memory_target__value="recall-lstm/best",
               memory_start__n_clicks=1, memory_lags__value="9999")  # fmt: skip
    assert "lag 9999 lies beyond" in said[ids.MEMORY_PROGRESS]["children"]
    assert said[ids.MEMORY_START]["disabled"] is False

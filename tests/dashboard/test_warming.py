"""The first checkpoint is opened ahead of the first click: once, when a page stands, and silently."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dash import Dash
from seqtoolkit_dashboard import checkpoints, ids, warming
from seqtoolkit_dashboard.runs import RunIndex

from tests.dashboard.client import call, page


@pytest.fixture
def nothing_open() -> Iterator[None]:
    checkpoints.opened.cache_clear()
    yield
    checkpoints.opened.cache_clear()


def test_the_first_tick_opens_once(app: Dash, runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[RunIndex] = []
    monkeypatch.setattr(warming, "open_first", opened.append)
    index = RunIndex(runs_dir)
    warming.warm(app.server, index)
    app.server.test_client().get("/")
    page(app, "/")
    _finish()
    assert opened == []
    for _ in range(3):
        call(app, ids.RUNS_VERSION, "tick.n_intervals", tick__n_intervals=1)
    _finish()
    assert opened == [index]


@pytest.mark.usefixtures("nothing_open")
def test_what_pages_begin_with_is_open(opened: Path) -> None:
    warming.open_first(RunIndex(opened))
    assert checkpoints.opened.cache_info().currsize == 1


@pytest.mark.usefixtures("nothing_open")
def test_nothing_to_open_and_a_bad_file_are_no_trouble(tmp_path: Path, opened: Path) -> None:
    warming.open_first(RunIndex(tmp_path / "none"))
    for file in opened.glob("*/checkpoints/*.ckpt"):
        file.write_bytes(b"")
    warming.open_first(RunIndex(opened))
    assert checkpoints.opened.cache_info().currsize == 0


def _finish() -> None:
    for thread in threading.enumerate():
        if thread.name == "warming":
            thread.join(10)

"""A folder with a run of every kind, and its dashboard."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dash import Dash
from seqtoolkit_dashboard import measuring
from seqtoolkit_dashboard.app import create_app

from seqtoolkit.run_folder import RunFolder
from tests.core.number_runs import roll_run, series_run
from tests.dashboard.data_folders import series_data, write_data
from tests.dashboard.run_folders import write_checkpoint, write_demo


@pytest.fixture
def runs_dir(tmp_path: Path) -> Iterator[Path]:
    folders = write_demo(tmp_path / "runs")
    yield tmp_path / "runs"
    folders["live"].close()


@pytest.fixture
def app(runs_dir: Path) -> Dash:
    return create_app(runs_dir)


@pytest.fixture
def opened(runs_dir: Path) -> Path:
    """Runs of symbols whose checkpoints can be looked into."""
    for arch in ("lstm", "gru", "rnn", "attention"):
        write_checkpoint(runs_dir / f"recall-{arch}" / "checkpoints" / "best.ckpt", arch)
    write_checkpoint(runs_dir / "pairs-plain" / "checkpoints" / "best.ckpt", "gru", encoder="lstm")
    return runs_dir


@pytest.fixture
def numbers_opened(runs_dir: Path) -> Path:
    """Open runs that read numbers: a series of which it is known what it looks like, and rolls of which it is not."""
    series_run(runs_dir / "recall-lstm", "lstm")
    write_data(
        RunFolder(runs_dir / "recall-lstm"), series_data(splits={"val": {"examples": 9, "batches": 1}})
    )
    roll_run(runs_dir / "recall-gru")
    (runs_dir / "recall-gru" / "data.json").unlink()
    return runs_dir


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a script stand for the command that measures."""

    def set_to(script: str) -> None:
        monkeypatch.setattr(measuring, "COMMAND", (sys.executable, "-c", script))

    return set_to

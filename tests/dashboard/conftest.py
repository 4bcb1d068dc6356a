"""A folder with a run of every kind, and its dashboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dash import Dash
from seqtoolkit_dashboard.app import create_app

from tests.dashboard.run_folders import write_demo


@pytest.fixture
def runs_dir(tmp_path: Path) -> Iterator[Path]:
    folders = write_demo(tmp_path / "runs")
    yield tmp_path / "runs"
    folders["live"].close()


@pytest.fixture
def app(runs_dir: Path) -> Dash:
    return create_app(runs_dir)

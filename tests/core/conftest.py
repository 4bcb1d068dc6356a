"""A run to be measured: trained once, and copied for each test that writes into it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.core.commands import fit
from tests.core.measuring import MODEL


@pytest.fixture(scope="session")
def recalling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("recalling") / "gru"
    assert fit(run, "--model.arch", "gru", *MODEL) == 0
    return run


@pytest.fixture
def run(recalling: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recalling, tmp_path / "gru"))

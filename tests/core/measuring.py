"""Run `seqtoolkit retention` on sequences so few and short that it takes a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seqtoolkit import retention_store
from seqtoolkit.cli import main
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import read_probe

MODEL = ["--trainer.max_epochs", "1", "--data.test_per_lag", "40"]
SMALL = "--steps 24 --sequences 128 --seeds 2 --lags 1,2,4,8 --progress none".split()
DATA = ["--protocols", "recall,truncation"]


def measure(*words: object, small: list[str] = SMALL) -> int:
    return main(["retention", *map(str, words), *small])


def stored(run: Path) -> list[Record]:
    return retention_store.read(run, "best")


def findings(run: Path) -> list[dict[str, Any]]:
    probe = read_probe(run, "best", "diagnosis.json")
    assert probe is not None
    return list(probe["findings"])


def failed(capsys: pytest.CaptureFixture[str], *words: object, small: list[str] = SMALL) -> str:
    """Run what must be refused in one line; return the line."""
    capsys.readouterr()
    assert measure(*words, small=small) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("seqtoolkit retention: ")
    return line

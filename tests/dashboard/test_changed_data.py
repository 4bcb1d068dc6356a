"""An example of a file that has changed since training says so: its number may be that of another example."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from seqtoolkit_dashboard.pages import numbers

from seqtoolkit.checkpoint import load
from seqtoolkit.example_opening import open_example
from tests.core.number_runs import series_run


def test_a_changed_file_is_said_with_what_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = load(series_run(tmp_path / "forecast"))
    read = open_example(checkpoint, "val 0").read
    assert read.changed == ()
    assert numbers.words(read) == ": 48 steps."
    file = tmp_path / "series.csv"
    file.write_text(re.sub(r"\n500,.*", "\n500,307.5,10.5", file.read_text()))
    again = open_example(checkpoint, "val 0").read
    assert again.changed == ("file",)
    assert "has changed since" in capsys.readouterr().err
    assert numbers.words(again).startswith(
        ": 48 steps. The file of --data.file has changed since the run was trained"
    )
    assert numbers.words(replace(again, first=10)).startswith(
        ": 58 steps, of which the last 48 are shown. The file"
    )

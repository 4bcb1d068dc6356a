"""Groups of a long table are those that have a row: of others nothing is read, and they count in no split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtoolkit.data.series import SeriesData
from tests.core.test_export import saved
from tests.data.tables_read import csv, found

HEAD = "machine,time,name,value\n"
OTHER = [f"idle{n},{step},heat,{step % 4}" for n in range(8) for step in range(9)]
OPTIONS: dict[str, Any] = {
    "form": "long", "time": "time", "group": "machine", "name": "name", "value": "value", "channels": ["load"],
    "split": "group", "shares": (1, 1, 1),
}  # fmt: skip
LINES = [f"m{n},{step},load,{step % 5}" for n in range(4) for step in range(9)]


def test_a_group_of_other_channels_only_is_no_group(tmp_path: Path) -> None:
    table = found(csv(tmp_path, [*OTHER, *LINES], HEAD), "long", channels=["load"]).table
    alone = found(csv(tmp_path, LINES, HEAD), "long", channels=["load"]).table
    assert table.groups == alone.groups == [f"m{n}" for n in range(4)]
    assert np.array_equal(table.group, alone.group)
    assert table.place(0).endswith("row 73")  # of the file, as before


def test_splits_by_group_do_not_count_it(tmp_path: Path) -> None:
    def rows(lines: list[str]) -> dict[str, int]:
        found: dict[str, int] = SeriesData(csv(tmp_path, lines, HEAD), **OPTIONS).spec["rows"]
        return found

    assert rows([*OTHER, *LINES]) == rows(LINES)
    one_only = [line for line in LINES if line.startswith("m0")]
    with pytest.raises(ValueError, match="1 groups cannot be divided by group"):
        rows([*OTHER, *one_only])


def test_a_checkpoint_whose_file_is_divided_otherwise_now_is_refused(tmp_path: Path) -> None:
    """An older version counted those groups; and other shares may be asked for. It would be tested on what it knows."""
    path = csv(tmp_path, LINES, HEAD)
    spec = SeriesData(path, **OPTIONS).spec
    run = str(saved(tmp_path / "run", "gru", spec))
    assert SeriesData(path, spec_of=run, **OPTIONS).spec["rows"] == spec["rows"]
    with pytest.raises(
        ValueError,
        match=r"is the file that .* was trained on, and is divided otherwise now: its rows were train",
    ):
        SeriesData(path, spec_of=run, **OPTIONS | {"shares": (2, 1, 1)})
    older = spec | {"rows": {"train": 9, "val": 9, "test": 18}}
    older_run = str(saved(tmp_path / "older", "gru", older))
    with pytest.raises(ValueError, match="train again"):
        SeriesData(path, spec_of=older_run, **OPTIONS)
    SeriesData(spec_of=older_run, **OPTIONS | {"split": None})  # which predicts as before
    longer = csv(tmp_path, [*LINES, *[line.replace("m", "n") for line in LINES]], HEAD)
    SeriesData(longer, spec_of=run, **OPTIONS)  # another file, of which a note says so

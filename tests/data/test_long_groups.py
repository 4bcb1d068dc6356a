"""Groups of a long table are those that have a row: of others nothing is read, and they count in no split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqtoolkit.data.series import SeriesData
from tests.data.tables_read import csv, found

HEAD = "machine,time,name,value\n"
OTHER = [f"idle{n},{step},heat,{step % 4}" for n in range(8) for step in range(9)]
LINES = [f"m{n},{step},load,{step % 5}" for n in range(4) for step in range(9)]


def test_a_group_of_other_channels_only_is_no_group(tmp_path: Path) -> None:
    table = found(csv(tmp_path, [*OTHER, *LINES], HEAD), "long", channels=["load"]).table
    alone = found(csv(tmp_path, LINES, HEAD), "long", channels=["load"]).table
    assert table.groups == alone.groups == [f"m{n}" for n in range(4)]
    assert np.array_equal(table.group, alone.group)
    assert table.place(0).endswith("row 73")  # of the file, as before


def test_splits_by_group_do_not_count_it(tmp_path: Path) -> None:
    def rows(lines: list[str]) -> dict[str, int]:
        data = SeriesData(
            csv(tmp_path, lines, HEAD),
            form="long",
            time="time",
            group="machine",
            name="name",
            value="value",
            channels=["load"],
            split="group",
            shares=(1, 1, 1),
        )
        found: dict[str, int] = data.spec["rows"]
        return found

    assert rows([*OTHER, *LINES]) == rows(LINES)
    one_only = [line for line in LINES if line.startswith("m0")]
    with pytest.raises(ValueError, match="1 groups cannot be divided by group"):
        rows([*OTHER, *one_only])

"""Tables in long form are the same series as in wide form, or say what cannot be placed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.tables_read import ROWS, csv, found, series, truth


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_long_form_is_the_same_series_in_any_order_of_its_lines(tmp_path_factory: Any, seed: int) -> None:
    folder, random = tmp_path_factory.mktemp("long"), np.random.default_rng(seed)
    lines = [
        f"{machine},{time},{name},{value}"
        for machine, time, *values in (row.split(",") for row in ROWS)
        for name, value in zip(("load", "heat"), values, strict=True)
        if random.random() < 0.9
    ]
    known = {tuple(line.split(",")[:3]): float(line.split(",")[3]) for line in lines}
    shuffled = [lines[place] for place in random.permutation(len(lines))]
    result = found(csv(folder, shuffled, "machine,time,name,value\n"), "long", channels=["load", "heat"])
    table = result.table
    for row, values in enumerate(truth(result)):
        for name, value in zip(("load", "heat"), values, strict=True):
            place = (table.groups[table.group[row]], str(table.times[row]), name)  # type: ignore[index]
            assert np.isnan(value) if place not in known else value == known[place]
    assert len(table) == len({place[:2] for place in known})


def test_long_form_refuses_what_it_cannot_place(tmp_path: Path) -> None:
    lines = [f"a,{step},{name},{step}" for step in range(9) for name in ("load", "heat")]
    head = "machine,time,name,value\n"
    twice = csv(tmp_path, [*lines, "a,3,heat,1"], head)
    with pytest.raises(ValueError, match="rows 8 and 19: two values of 'heat' at one time"):
        found(twice, "long")
    with pytest.raises(ValueError, match="has no channel 'hat' in its column 'name'; it has load, heat"):
        found(csv(tmp_path, lines, head), "long", channels=["load", "hat"])
    with pytest.raises(ValueError, match="row 19: column 'name' is empty; expected the name of a channel"):
        found(csv(tmp_path, [*lines, "a,9,,1"], head), "long")
    with pytest.raises(ValueError, match=r"the long form needs --data\.time"):
        found(csv(tmp_path, lines, head), "long", time=None)
    with pytest.raises(ValueError, match="the long form has channels of numbers only"):
        found(csv(tmp_path, lines, head), "long", categorical=["name"])


def test_lines_of_channels_that_were_not_chosen_make_no_rows(tmp_path: Path) -> None:
    lines = [f"a,{step},load,{step}" for step in range(0, 20, 2)]
    others = [f"a,{step},door,1" for step in range(21)]
    path = csv(tmp_path, [*others, *lines], "machine,time,name,value\n")
    result = found(path, "long", gaps="error", channels=["load"])
    assert truth(result)[:, 0].tolist() == list(range(0, 20, 2))
    assert result.table.place(1) == f"{path}, row 23"
    assert len(
        series(path, form="long", channels=["load"], window=2, split="time").train_dataloader().examples
    )


def test_a_label_may_stand_in_any_line_of_its_time(tmp_path: Path) -> None:
    lines = [
        f"a,{step},{name},{step},{'on' if name == 'door' and step % 2 else ''}"
        for step in range(6)
        for name in ("load", "door", "heat")
    ]
    path = csv(tmp_path, lines, "machine,time,name,value,label\n")
    table = found(path, "long", channels=["load", "heat"], task="classification", targets=["label"]).table
    assert [table.classes[code] if code >= 0 else "" for code in table.labels] == ["", "on"] * 3

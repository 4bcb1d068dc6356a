"""Tables of series: what is read in either form and any format, and every mistake with its file, row and column."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.columns import choose
from seqtoolkit.data.tabular.prepare import Read, read
from seqtoolkit.data.tabular.source import open_table
from seqtoolkit.data_summary import summarise

HEAD = "machine,time,load,heat\n"
ROWS = [
    f"{name},{step},{step % 7 + number},{(step * step) % 5}"
    for number, name in enumerate("ab")
    for step in range(20)
]


def csv(folder: Path, rows: list[str] = ROWS, head: str = HEAD, name: str = "table.csv") -> str:
    path = folder / name
    path.write_text(head + "".join(f"{row}\n" for row in rows))
    return str(path)


def changed(number: int, row: str) -> list[str]:
    """Return the rows with another one at this number (from 1)."""
    return [*ROWS[: number - 1], row, *ROWS[number:]]


def series(path: str, **options: Any) -> SeriesData:
    return SeriesData(
        path, **{"time": "time", "group": "machine", "split": "group", "shares": (1, 1, 0), **options}
    )


def found(path: str, form: Any = "wide", gaps: Any = "ignore", task: Any = "forecast", **names: Any) -> Read:
    file = open_table(path)
    given: dict[str, Any] = {"name": "name", "value": "value", "time_format": None, "targets": None}
    given |= {"channels": None, "categorical": []}
    return read(
        file, choose(file, task, form, **{"time": "time", "group": "machine", **given, **names}), gaps
    )


def truth(read: Read) -> np.ndarray:
    return read.table.values + read.table.origin


def test_a_mistake_is_one_error_that_says_where(tmp_path: Path) -> None:
    def refused(rows: list[str] = ROWS, head: str = HEAD, **options: Any) -> str:
        with pytest.raises(ValueError, match=r"table\.csv") as error:
            series(csv(tmp_path, rows, head), **options)
        return str(error.value)

    text = refused(changed(7, "a,6,warm,1"))
    assert "row 7: column 'load' has 'warm'; expected a number" in text
    assert "--data.categorical" in text
    assert "row 7: channel 'load' has no value. Fill it in, or choose --data.missing" in refused(
        changed(7, "a,6,,1")
    )
    assert "row 7: column 'load' is infinite" in refused(changed(7, "a,6,-inf,1"))
    assert "row 7: column 'load' has 1e+99, too large" in refused(changed(7, "a,6,1e99,1"))
    assert "row 7: the time column 'time' is empty" in refused(changed(7, "a,,1,1"))
    assert "row 7: the time column 'time' has 'noon'" in refused(changed(7, "a,noon,1,1"))
    assert "row 7: column 'machine' is empty" in refused(changed(7, ",6,1,1"))
    assert "row 7: time 5 stands twice in group 'a' (also in row 6); keep one" in refused(
        changed(7, "a,5,1,1")
    )
    assert "row 7: time 2 comes after 5 in group 'a'; sort the file" in refused(changed(7, "a,2,1,1"))
    assert "row 7: 7 comes 2 steps after 5 (1 such places)" in refused([*ROWS[:6], *ROWS[7:]])
    assert "row 7 has 5 cells; expected 4" in refused(changed(7, "a,6,1,1,1"))
    assert "two columns of the name 'load'" in refused(head="machine,time,load,load\n")
    assert "no column 'machine', which --data.group asks for; its columns are 'machin'" in refused(
        head="machin,time,load,heat\n"
    )
    assert "no column 'lod', which --data.channels asks for; its columns are 'load'" in refused(
        channels=["lod"]
    )
    assert "has no rows" in refused([])
    assert "is empty" in refused([], "")
    assert "group 'c' has one row, and a forecast needs two" in refused([*ROWS, "c,0,1,1"])
    assert "a window of 21 steps is longer than every series, of which the longest has 20" in refused(
        window=21
    )


def test_columns_that_say_nothing_are_refused_or_dropped(tmp_path: Path) -> None:
    still = csv(
        tmp_path,
        [f"{row},3,{'' if row[0] == 'b' else 1}" for row in ROWS],
        "machine,time,load,heat,flat,half\n",
    )
    with pytest.raises(
        ValueError, match=r"column 'flat' is 3 in all training rows.*--data.channels '\[load, heat\]'"
    ):
        series(still, channels=["load", "heat", "flat"])
    data = series(still, channels=["load", "heat", "flat"], constant="drop")
    assert data.spec["inputs"]["channels"] == ["load", "heat"]
    assert data.train_dataloader().examples.collate(torch.arange(1)).inputs.shape[-1] == 2
    empty = csv(tmp_path, [f"{row}," for row in ROWS], HEAD.replace("heat", "heat,none"), "empty.csv")
    with pytest.raises(ValueError, match="column 'none' has no value in its 20 training rows; leave it out"):
        series(empty, missing="mask")
    with pytest.raises(ValueError, match="every channel has one value"):
        series(still, channels=["flat"], constant="drop")
    nested = pl.read_csv(csv(tmp_path)).with_columns(both=pl.struct("load", "heat"))
    nested.write_parquet(tmp_path / "table.parquet")
    with pytest.raises(
        ValueError, match=r"column 'both' has several values in a row .* or choose --data.chan"
    ):
        series(str(tmp_path / "table.parquet"))


def test_damaged_and_missing_files(tmp_path: Path) -> None:
    frame = pl.read_csv(csv(tmp_path))
    for name, write in (("table.parquet", frame.write_parquet), ("table.arrow", frame.write_ipc)):
        path = tmp_path / name
        write(path)
        assert (truth(found(str(path))) == truth(found(csv(tmp_path)))).all()
        path.write_bytes(path.read_bytes()[:-20])
        kind = "Parquet" if name.endswith("parquet") else "Arrow"
        with pytest.raises(ValueError, match=rf"{name} begins as a file of {kind}.* Is it cut off\? Copy or"):
            series(str(path))
    with pytest.raises(ValueError, match=r"nothing\.csv: there is no such file; expected a CSV"):
        series(str(tmp_path / "nothing.csv"))
    packed = tmp_path / "table.csv.gz"
    packed.write_bytes(gzip.compress(Path(csv(tmp_path)).read_bytes()))
    assert (truth(found(str(packed))) == truth(found(csv(tmp_path)))).all()
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"expected a CSV .*, packed by gzip"):
        series(str(packed))
    with pytest.raises(ValueError, match="it is a folder"):
        series(str(tmp_path))
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"x" * (2 << 20))
    with pytest.raises(ValueError, match=r"binary.csv cannot be read as a CSV .*its first line is no header"):
        series(str(binary))


def test_a_row_that_ends_early_is_no_row_with_missing_cells(tmp_path: Path) -> None:
    whole = Path(csv(tmp_path)).read_text()
    cut = tmp_path / "cut.csv"
    cut.write_text(whole.rstrip("\n").rpartition(",")[0])
    with pytest.raises(
        ValueError, match=r"cut.csv cannot be read: row 40 has 3 cells; expected 4.* is the file cut off"
    ):
        series(str(cut), missing="forward")
    cut.write_text(whole.rstrip("\n").rpartition(",")[0] + ",\n")  # an empty cell
    assert series(str(cut), missing="forward").spec["rows"]


def test_text_that_is_not_utf_8_is_refused_with_its_row(tmp_path: Path) -> None:
    whole, path = Path(csv(tmp_path)).read_text(), tmp_path / "text.csv"
    for text, coding, message in (
        (whole.replace("load", "löad"), "latin-1", "its header is not UTF-8 text; save the file as UTF-8"),
        (whole.replace("a,3,", "ä,3,"), "latin-1", "row 4 is not UTF-8 text; save the file as UTF-8"),
        (whole, "utf-16", "it is UTF-16 text; save it as UTF-8"),
    ):
        path.write_bytes(text.encode(coding))
        with pytest.raises(ValueError, match=f"text.csv cannot be read: {message}"):
            series(str(path))


def test_an_arrow_stream_says_how_to_save_it(tmp_path: Path) -> None:
    path = tmp_path / "table.arrow"
    pl.read_csv(csv(tmp_path)).write_ipc_stream(path)
    with pytest.raises(ValueError, match=r"table.arrow is an Arrow stream; save it as an Arrow file"):
        series(str(path))


def test_texts_that_are_all_missing_are_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, [f"{row}," for row in ROWS], HEAD.replace("heat", "heat,mode"))
    for missing in ("forward", "mask"):
        with pytest.raises(
            ValueError, match=r"column 'mode' has no text in its 20 training rows; leave it out"
        ):
            series(path, channels=["load"], categorical=["mode"], missing=missing)


def test_polars_is_asked_for_when_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ValueError, match=r"type pip install 'seqtoolkit\[tables\]'"):
        open_table(csv(tmp_path))


def test_columns_are_found_by_name_in_any_separator_and_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = truth(found(csv(tmp_path)))
    for separator in ";\t|":
        rows = [separator.join(row.split(",")[::-1]) for row in ROWS]
        path = csv(tmp_path, rows, separator.join(HEAD.strip().split(",")[::-1]) + "\n", "other.csv")
        assert (truth(found(path, channels=["load", "heat"])) == expected).all()
    stream = io.TextIOWrapper(io.BytesIO((HEAD + "\n".join(ROWS)).encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert (truth(found("-")) == expected).all()


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(10_000)]
    values = np.random.default_rng(0).standard_normal((30, len(names)))
    path = tmp_path / "broad.parquet"
    pl.DataFrame(values, schema=names).write_parquet(path)
    data = SeriesData(str(path), task="next", window=8, shares=(2, 1, 0))
    batch = next(iter(data.train_dataloader()))
    assert batch.inputs.shape[2] == batch.targets.shape[2] == data.spec["num_classes"] == 10_000
    center, scale = (np.array(data.spec["inputs"][name]) for name in ("center", "scale"))
    examples = data.examples("train")
    first = examples.collate(torch.arange(1)).inputs[0, 0].numpy() * scale + center
    assert np.allclose(first, values[int(examples.starts[0])], atol=1e-5)
    assert data.metrics("val").keys() == {"errors", "forecasts"}


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


def test_small_changes_of_large_numbers_survive_single_precision(tmp_path: Path) -> None:
    rows = [f"a,{step},{1_700_000_000 + step % 7},{step % 3}" for step in range(20)]
    assert (truth(found(csv(tmp_path, rows)))[:, 0] == [1_700_000_000 + step % 7 for step in range(20)]).all()


def test_rows_of_groups_that_alternate_are_brought_together(tmp_path: Path) -> None:
    mixed = [row for pair in zip(ROWS[:20], ROWS[20:], strict=True) for row in pair]
    apart, together = found(csv(tmp_path, mixed, name="mixed.csv")), found(csv(tmp_path))
    assert (truth(apart) == truth(together)).all()
    assert (apart.segments.starts == together.segments.starts).all()
    assert apart.table.place(20) == f"{tmp_path}/mixed.csv, row 2"


def test_gaps_are_refused_split_or_ignored(tmp_path: Path) -> None:
    path = csv(tmp_path, [row for row in ROWS if not row.startswith("a,6,")])
    assert len(found(path, gaps="ignore").segments) == 2
    split = found(path, gaps="split").segments
    assert list(split.starts) == [0, 6, 19]
    assert list(split.group) == [0, 0, 1]
    with pytest.raises(ValueError, match=r"--data\.gaps split"):
        found(path, gaps="error")


def test_the_share_of_missing_values_is_that_of_the_training_rows(tmp_path: Path) -> None:
    rows = [f"{row}," if int(row.split(",")[1]) % 4 else f"{row},{len(row)}" for row in ROWS]
    path = csv(tmp_path, rows, HEAD.replace("heat", "heat,rare"))
    data = series(path, missing="forward")
    shares = dict(zip(data.spec["inputs"]["channels"], data.spec["inputs"]["missing"], strict=True))
    assert (shares["load"], shares["rare"]) == (0, 0.75)
    loaders: Any = {"train": data.train_dataloader()}
    shown = {one.name: one.missing for one in summarise(data.spec, loaders).channels}
    assert (shown["load"], shown["rare"]) == (0, 0.75)

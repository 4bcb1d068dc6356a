"""A table that cannot be read is one error that says where and what to do."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from seqtoolkit.data.tabular.source import open_table
from tests.data.tables_read import HEAD, ROWS, csv, found, series, truth


def changed(number: int, row: str) -> list[str]:
    """Return the rows with another one at this number (from 1)."""
    return [*ROWS[: number - 1], row, *ROWS[number:]]


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

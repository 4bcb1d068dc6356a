"""A column of a table without a name, as pandas writes row numbers, is read by nobody; nor is it in the way."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from seqtoolkit.cli import main
from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.row_lines import RowLines


def table(folder: Path, head: str) -> str:
    path = folder / "x.csv"
    path.write_text(head + "\n" + "".join(f"{n},{n},{n * n % 7}\n" for n in range(60)))
    return str(path)


@pytest.mark.parametrize(
    ("head", "place"), [(",time,load", "1 of 3"), ("time,,load", "2 of 3"), ('time,load," "', "3 of 3")]
)
def test_it_is_refused_with_its_place_where_every_column_is_read(
    head: str, place: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=rf"x\.csv: column {place} has no name in the first line") as error:
        SeriesData(table(tmp_path, head), time="time")
    assert "index=False" in str(error.value)
    assert "--data.channels" in str(error.value)


def test_it_may_stand_there_where_the_channels_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path, ",time,load")
    assert SeriesData(path, time="time", channels=["load"]).spec["inputs"]["channels"] == ["load"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b",time,load\n0,1,2\n")))
    with RowLines("-") as rows:  # what `predict --stream` reads
        assert list(rows) == [(1, ["0", "1", "2"])]


def test_two_of_them_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"two columns of the name ''"):
        SeriesData(table(tmp_path, ",,load"), channels=["load"])


def test_init_leaves_it_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "my.yaml"
    assert main(["init", table(tmp_path, ",time,load"), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "3 columns: a column without a name, time, load" in said
    assert "left out: a column without a name" in said
    assert "cannot be read yet" not in said
    assert "channels: [load]" in out.read_text()

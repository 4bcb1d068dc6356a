"""`seqtoolkit init` looks at a part of a file only, names what it cannot read, and replaces nothing unasked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from seqtoolkit.cli import main
from seqtoolkit.data.series import SeriesData
from seqtoolkit.init.command import look
from seqtoolkit.init.kind import kind_of
from tests.core import init_files as files

RANDOM_LOAD = files.RANDOM.normal(size=60)


def test_nothing_is_replaced_without_being_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files.text(tmp_path / "sea.txt")
    out = tmp_path / "my.yaml"
    out.write_text("mine")
    assert main(["init", str(tmp_path / "sea.txt"), "--out", str(out)]) == 2
    assert "is there already: --force replaces it" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["init", str(tmp_path / "sea.txt"), "--out", str(out), "--force"]) == 0
    assert out.read_text() != "mine"


def test_the_configuration_is_called_as_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    files.text(tmp_path / "sea.txt")
    assert main(["init", "sea.txt"]) == 0
    assert "sea.yaml is written. Train with: seqtoolkit fit --config sea.yaml" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"\x0c\n\xc2\xa0\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG picture"),
        (b"\x80\x04abc", "is a Python pickle, which is never opened"),
        (b"\x93NUMPY\x01", "save x and y together"),
        (b"abc\0def", "is binary, and of no known kind"),
        (b"one\n\xff\xfe two\n", "line 2: not UTF-8"),
        (b"PK\x03\x04 but not truly", "is damaged, or no .npz file"),
        (b"\0\0\x08\x03\0\0\0", "is cut off: it has no sizes of its 3 axes"),
        (b"\0\0\x08\x01\0\0\0\x09 labels", "has 1 axes, and images have 3 or 4"),
        (b"PAR1 but not truly", "cannot be read"),
        (
            b"time;load\n1;0,5\n2;1,5\n",
            "'load', which is left out, has a comma in its numbers, such as '0,5'",
        ),
        ("time,load\n1,2\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        (b"MATLAB 7.3 MAT-file", "is a MATLAB file of version 7.3; save it as version 7"),
        (b"@data\n", "has no sequence after @data"),
        (b"name,other\nx,y\nz,w\n", "and no numbers to read"),
        (b'{"a": 1}\n{"a"\n', "line 2: not JSON"),
        (b'{"a": 1}\n{"a": 2}\n', "expected a text and a label"),
    ],
)
def test_bad_files(
    content: bytes | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    assert main(["init", str(tmp_path / "file"), "--out", str(tmp_path / "my.yaml")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("seqtoolkit init: ")
    assert message in line
    assert not (tmp_path / "my.yaml").exists()


def test_a_header_alone_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("time,load\n")
    with pytest.raises(ValueError, match=r"x\.csv has no rows; expected a CSV"):
        look(str(tmp_path / "x.csv"))


def test_time_that_goes_back_is_to_be_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame({"time": [3, 1, 2] * 20, "load": files.RANDOM.normal(size=60)}).write_csv(tmp_path / "x.csv")
    assert main(["init", str(tmp_path / "x.csv"), "--out", str(tmp_path / "my.yaml")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "To be mended first: time in 'time' stands still or goes back" in shown
    assert "is written, but its data cannot be read yet" in shown


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (["2.5"] * 59 + ["#DIV/0!"], "'heat', which is left out, has '#DIV/0!' among its numbers"),
        (["1,500"] * 60, "'heat', which is left out, has a comma in its numbers, such as '1,500'"),
        (["7 "] * 60, "'heat', which is left out, has spaces behind its numbers"),
        (["on", "off"] * 30, None),
        (["1", "2", "on"] * 20, None),
    ],
)
def test_a_column_that_is_nearly_of_numbers_is_not_left_out_silently(
    column: list[str], said: str | None, tmp_path: Path
) -> None:
    pl.DataFrame({"time": range(60), "load": RANDOM_LOAD, "heat": column}).write_csv(tmp_path / "x.csv")
    seen = look(str(tmp_path / "x.csv"))
    given = {option.name: option.value for option in seen.options}
    if said is None:
        assert (seen.warnings, given["categorical"]) == ([], ["heat"])
    else:
        assert said in seen.warnings[0]
        assert "categorical" not in given


def test_a_label_that_is_missing_somewhere_is_still_one_for_each_group(tmp_path: Path) -> None:
    files.by_group(tmp_path / "acts.csv")
    lines = (tmp_path / "acts.csv").read_text().splitlines()
    lines[5] = lines[5].rpartition(",")[0] + ","
    (tmp_path / "acts.csv").write_text("\n".join(lines))
    options = {option.name: option.value for option in look(str(tmp_path / "acts.csv")).options}
    assert (options["task"], options["at"]) == ("classification", "end")


def test_a_column_of_time_is_not_left_out_silently(tmp_path: Path) -> None:
    frame = pl.DataFrame({"time": [f"noon {n}" for n in range(60)], "load": RANDOM_LOAD})
    frame.write_csv(tmp_path / "x.csv")
    (warning,) = look(str(tmp_path / "x.csv")).warnings
    assert "'time', which is left out, is called like a time, and has 'noon 0'" in warning
    frame.with_columns(time=pl.Series(range(60)).cast(pl.Duration("ms"))).write_parquet(
        tmp_path / "x.parquet"
    )
    assert "is called like a time" in look(str(tmp_path / "x.parquet")).warnings[0]
    frame.with_columns(time=pl.Series([None, *range(1, 60)])).write_csv(tmp_path / "x.csv")
    assert "time in 'time'" in look(str(tmp_path / "x.csv")).facts  # which is refused, with its row


def test_numbers_are_found_whatever_the_first_rows_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole numbers at first are no whole column; a text far behind is told with its row; spaces are none."""
    lines = [f"{n}, {n % 7},{n % 5}" for n in range(1500)]
    (tmp_path / "x.csv").write_text("\n".join(["time, load,heat", *lines, "1500,1.5,2.5", ""]))
    options = {option.name: option.value for option in look(str(tmp_path / "x.csv")).options}
    assert options["channels"] == [" load", "heat"]
    data = SeriesData(**options)
    assert data.examples("train").rows.values.shape[1] == 2
    (tmp_path / "x.csv").write_text("\n".join(["time, load,heat", *lines, "1500,1.5,warm", ""]))
    assert main(["init", str(tmp_path / "x.csv"), "--out", str(tmp_path / "my.yaml")]) == 2
    assert "x.csv, row 1,501: column 'heat' has 'warm'; expected a number" in capsys.readouterr().err


def test_groups_are_found_far_behind_the_first_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtoolkit.init.sampled.SAMPLE", 60)
    files.wide(tmp_path / "x.csv", 4, 200, machine=np.repeat([f"m{i}" for i in range(4)], 200).tolist())
    seen = look(str(tmp_path / "x.csv"))
    options = {option.name: option.value for option in seen.options}
    assert (options["group"], options["channels"]) == ("machine", ["load", "heat"])
    assert "gaps" not in options  # between the runs of rows that were looked at there are none
    assert "4 groups of 200 rows" in " ".join(seen.facts)


def test_a_sample_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text only the first part is read, cut where a line or a character ends."""
    monkeypatch.setattr("seqtoolkit.init.kind.SAMPLE", 64)
    (tmp_path / "long.txt").write_text("é" * 10_000)
    kind, lines = kind_of(str(tmp_path / "long.txt"))
    assert (kind, set("".join(lines))) == ("text", {"é"})
    assert len("".join(lines)) <= 32
    for before in ("", "a", "ab"):  # so that a character of three bytes is cut in each way
        (tmp_path / "long.txt").write_text(before + "海" * 10_000)
        assert set("".join(kind_of(str(tmp_path / "long.txt"))[1])) == {*before, "海"}
    (tmp_path / "rows.txt").write_text("abc def ghi\n" * 1000)
    assert kind_of(str(tmp_path / "rows.txt"))[1] == ["abc def ghi"] * 5


def test_that_a_large_file_was_not_tried_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("seqtoolkit.init.command.CHECKED", 10)
    files.text(tmp_path / "sea.txt")
    assert main(["init", str(tmp_path / "sea.txt"), "--out", str(tmp_path / "my sea.yaml")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "So large a file was not read as in training" in shown
    assert f"fit --config '{tmp_path / 'my sea.yaml'}'" in shown
    assert "compare --config '" in (tmp_path / "my sea.yaml").read_text()


def test_tags_are_known_without_a_name(tmp_path: Path) -> None:
    files.tags(tmp_path / "tags.txt")
    assert look(str(tmp_path / "tags.txt")).data.endswith("TaggedData")
    files.universal(tmp_path / "more.txt")
    assert look(str(tmp_path / "more.txt")).warnings == [
        "CoNLL-U is known by its name: let it end in .conllu"
    ]


def test_the_least_and_the_most_rows_of_a_group_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{t},{name},{t * 0.5}" for name, most in (("a", 10), ("b", 30), ("c", 50)) for t in range(most)]
    (tmp_path / "fleet.csv").write_text("\n".join(["time,machine,load", *rows]) + "\n")
    assert main(["init", str(tmp_path / "fleet.csv"), "--out", str(tmp_path / "my.yaml")]) == 0
    assert "3 groups of 10 to 50 rows, 30 in the mean" in " ".join(capsys.readouterr().out.split())

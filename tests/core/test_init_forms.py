"""`seqtoolkit init` on the rarer forms of files: MATLAB, Arrow, packed CSV, .ts with values or numbers as classes."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.io import savemat

from seqtoolkit.cli import main
from seqtoolkit.init import kind
from seqtoolkit.init.command import look
from seqtoolkit.init.config import build
from tests.core import init_files as files

RANDOM = np.random.default_rng(0)


def mat(path: Path) -> None:
    rolls = np.empty(6, dtype=object)
    rolls[:] = [RANDOM.integers(0, 2, (8 + n, 4)).astype(float) for n in range(6)]
    savemat(path, {"traindata": rolls, "validdata": rolls[:3], "testdata": rolls[3:]})


def mat_of_one(path: Path) -> None:
    """Its rolls are no test: a model would be tested on what it has learned."""
    savemat(path, {"x": RANDOM.integers(0, 2, (6, 8, 4)).astype(float)})


def npz_of_one(path: Path) -> None:
    np.savez(path, x=RANDOM.integers(0, 2, (6, 8, 4)))


def arrow(path: Path) -> None:
    pl.DataFrame({"a": RANDOM.normal(size=200), "b": RANDOM.normal(size=200)}).write_ipc(path)


def packed(path: Path) -> None:
    files.grouped(path.with_suffix(""))
    path.write_bytes(gzip.compress(path.with_suffix("").read_bytes()))


def ts(header: str, label: Callable[[int], str]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        rows = [f"{','.join(map(str, RANDOM.normal(size=5).round(2)))}:{label(n)}" for n in range(40)]
        path.write_text("\n".join([header, "@data", *rows, ""]))

    return write


def with_groups(path: Path) -> None:
    np.savez(path, x=RANDOM.normal(size=(40, 6, 2)), y=np.arange(40) % 2, groups=np.arange(40) // 5)


def with_missing(path: Path) -> None:
    x = RANDOM.normal(size=(40, 6, 2))
    x[3, 2, 1] = np.nan
    np.savez(path, x=x, y=np.arange(40) % 2)


def with_padding(path: Path) -> None:
    """What is behind the end of a series is not missing."""
    lengths = 2 + np.arange(40) % 5
    x = np.where(np.arange(6) < lengths[:, None], RANDOM.normal(size=(40, 6)), np.nan)
    np.savez(path, x=x, y=np.arange(40) % 2, lengths=lengths)


def in_colour(path: Path) -> None:
    np.savez(path, x=RANDOM.random((60, 5, 5, 3)), y=np.arange(60) % 3)


def images_with_groups(path: Path) -> None:
    x = RANDOM.integers(0, 255, (60, 6, 6), dtype=np.uint8)
    np.savez(path, x=x, y=np.arange(60) % 3, groups=np.arange(60) // 6)


CASES: list[tuple[str, Callable[[Path], None], str, dict[str, Any], str]] = [
    ("notes.mat", mat, "RollData", {}, "rolls: which of several labels"),
    ("plain.arrow", arrow, "SeriesData", {"channels": ["a", "b"]}, "a forecast of 2 channels"),
    ("fleet.csv.gz", packed, "SeriesData", {"group": "machine"}, "a forecast of 2 channels"),
    ("life.ts", ts("@targetLabel true", lambda n: f"{n / 7:.3f}"), "LabelledSeriesData", {}, "a regression"),
    (
        "coded.ts",
        ts("@classLabel true 1 2 10", lambda n: ("1", "2", "10")[n % 3]),
        "LabelledSeriesData",
        {},
        "a classification",
    ),
    ("subjects.npz", with_groups, "LabelledSeriesData", {"split": "group"}, "a classification"),
    ("writers.npz", images_with_groups, "ImageRowsData", {"split": "group"}, "a classification of images"),
    ("one.mat", mat_of_one, "RollData", {"test": None}, "rolls: which of several labels"),
    ("one.npz", npz_of_one, "RollData", {"test": None}, "rolls: which of several labels"),
    ("colour.npz", in_colour, "ImageRowsData", {"read": "rows"}, "a classification of images"),
    ("holes.npz", with_missing, "LabelledSeriesData", {"missing": "forward"}, "a classification"),
    ("padded.npz", with_padding, "LabelledSeriesData", {"missing": None}, "a classification"),
    (
        "holes.ts",
        ts("@classLabel true a b", lambda n: f"{'ab'[n % 2]}\n?,1,2,3,4:a" if n == 9 else "ab"[n % 2]),
        "LabelledSeriesData",
        {"missing": "forward"},
        "a classification",
    ),
]


@pytest.mark.parametrize(
    ("name", "write", "data", "options", "guess"), CASES, ids=[case[0] for case in CASES]
)
def test_a_file_is_known_and_can_be_read(
    name: str,
    write: Callable[[Path], None],
    data: str,
    options: dict[str, Any],
    guess: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(tmp_path / name)
    seen = look(str(tmp_path / name))
    assert seen.data.endswith(f".{data}")
    assert guess in seen.guess
    given = {option.name: option.value for option in seen.options}
    assert {key: given.get(key) for key in options} == options
    built = build(seen)
    for loader in (built.train_dataloader(), built.val_dataloader()):
        assert next(iter(loader))
    assert main(["init", str(tmp_path / name), "--out", str(tmp_path / "my.yaml")]) == 0
    assert "cannot be read yet" not in capsys.readouterr().out


def test_classes_that_are_whole_numbers_stay_classes_in_the_order_of_the_header(tmp_path: Path) -> None:
    CASES[4][1](tmp_path / "coded.ts")
    spec = build(look(str(tmp_path / "coded.ts"))).spec
    assert (spec["target"], spec["classes"]) == ("classes", ["1", "2", "10"])
    CASES[3][1](tmp_path / "life.ts")
    assert build(look(str(tmp_path / "life.ts"))).spec["target"] == "values"


@pytest.mark.parametrize(
    ("line", "mark", "count"),
    [
        ("a,b,c", ",", 2),
        ('"a,b",c', ",", 1),
        ('"a ""b"", c",d', ",", 1),
        ('a "b, c" d,e', ",", 2),  # a quote inside a cell begins none
        ('"a;b";c;"d;e"', ";", 2),
        ('"a\tb"\tc', "\t", 2),  # between tabs, quotes are text
        ('"never closed, ', ",", 0),
    ],
)
def test_marks_between_cells_are_counted(line: str, mark: str, count: int) -> None:
    assert kind._marks(line, mark) == count


@pytest.fixture
def short_cells() -> Iterator[None]:
    """Let csv read cells of ten characters only; others may have raised what it reads, for the whole process."""
    before = csv.field_size_limit(10)
    yield
    csv.field_size_limit(before)


def test_marks_of_a_cell_that_csv_does_not_read_are_counted_all(short_cells: None) -> None:
    assert kind._marks(f'"{"a" * 20},",b', ",") == 2

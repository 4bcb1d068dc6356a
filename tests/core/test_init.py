"""`seqtoolkit init`: says what is in a file, and writes a configuration that trains; what it cannot read it names."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from seqtoolkit.cli import main
from seqtoolkit.init.command import look
from seqtoolkit.init.kind import kind_of
from seqtoolkit.runs import read_run

RANDOM = np.random.default_rng(0)
WORDS = "the sea was calm and the ship went home before the night came over the land again".split()


def sentence(number: int) -> str:
    return " ".join(np.random.default_rng(number).choice(WORDS, 8))


def wide(path: Path, groups: int = 1, rows: int = 120, **more: list[Any]) -> None:
    days = (
        pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 12, 31), "1h", eager=True)[
            :rows
        ].to_list()
        * groups
    )
    noise = RANDOM.normal(size=(2, rows * groups))
    columns = {"time": days, "load": noise[0].tolist(), "heat": noise[1].tolist(), **more}
    pl.DataFrame(columns).write_csv(path)


def forecast(path: Path) -> None:
    wide(path)


def grouped(path: Path) -> None:
    wide(path, 6, 40, machine=np.repeat([f"m{i}" for i in range(6)], 40).tolist())


def with_gaps(path: Path) -> None:
    wide(path)
    lines = path.read_text().splitlines()
    lines[20] = ",".join([*lines[20].split(",")[:2], ""])
    path.write_text("\n".join([*lines[:60], *lines[70:]]))


def by_group(path: Path) -> None:
    names = np.repeat([f"s{i:02d}" for i in range(30)], 10).tolist()
    wide(path, 30, 10, subject=names, activity=["walk" if int(name[1:]) % 2 else "run" for name in names])


def life(path: Path) -> None:
    wide(path, 6, 40, unit=np.repeat(range(1, 7), 40).tolist(), RUL=[float(n) for n in range(40, 0, -1)] * 6)


def long(path: Path) -> None:
    rows = [(t, name, t * 0.5 + k) for t in range(150) for k, name in enumerate(("a", "b"))]
    pl.DataFrame(rows, schema=["time", "sensor", "value"], orient="row").write_csv(path)


def parquet(path: Path) -> None:
    pl.DataFrame({"a": RANDOM.normal(size=200), "b": RANDOM.normal(size=200)}).write_parquet(path)


def ts(path: Path) -> None:
    for file in (path, path.with_name(path.name.replace("TRAIN", "TEST"))):
        head = "@problemName made\n@timeStamps false\n@classLabel true a b\n@data\n"
        rows = [
            f"{','.join(f'{v:.2f}' for v in RANDOM.normal(size=5 + n % 3))}:{'ab'[n % 2]}" for n in range(40)
        ]
        file.write_text(head + "\n".join(rows) + "\n")


def npz(path: Path) -> None:
    np.savez(
        path,
        x_train=RANDOM.normal(size=(40, 6, 2)),
        y_train=np.arange(40) % 2,
        x_test=RANDOM.normal(size=(9, 6, 2)),
        y_test=np.arange(9) % 2,
    )


def images(path: Path) -> None:
    np.savez(path, x=RANDOM.integers(0, 255, (60, 6, 6), dtype=np.uint8), y=np.arange(60) % 3)


def idx(path: Path) -> None:
    path.write_bytes(
        struct.pack(">HBBIII", 0, 8, 3, 60, 5, 5) + RANDOM.integers(0, 255, 1500, dtype=np.uint8).tobytes()
    )
    labels = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    labels.write_bytes(struct.pack(">HBBI", 0, 8, 1, 60) + bytes(n % 3 for n in range(60)))


def rolls(path: Path) -> None:
    arrays = {
        f"x_{split}": RANDOM.integers(0, 2, (8, 12, 5)).astype(np.float32)
        for split in ("train", "val", "test")
    }
    np.savez(path, **arrays)  # type: ignore[arg-type]


def pairs(path: Path) -> None:
    path.write_text("".join(f"{n}\t{str(n)[::-1]}\n" for n in range(300, 700)))


def labelled_csv(path: Path) -> None:
    path.write_text(
        "text,label\n" + "".join(f'"{sentence(n)}, {n}",{"good" if n % 2 else "bad"}\n' for n in range(200))
    )


def labelled_tsv(path: Path) -> None:
    path.write_text("label\tsentence\n" + "".join(f"{n % 3}\t{sentence(n)}\n" for n in range(200)))


def json_lines(path: Path) -> None:
    rows = [{"id": n, "body": sentence(n), "class": "xyz"[n % 3]} for n in range(200)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def text(path: Path) -> None:
    path.write_text("\n".join(sentence(n) for n in range(100)))


def folder_of_texts(path: Path) -> None:
    path.mkdir()
    for number in range(5):
        (path / f"{number}.txt").write_text("\n".join(sentence(number * 50 + n) for n in range(50)))


def folder_of_classes(path: Path) -> None:
    for number in range(60):
        (path / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        (path / "ab"[number % 2] / f"{number}.txt").write_text(sentence(number) + f" {number}")


def tags(path: Path) -> None:
    rows = [[f"{word} {'NV'[len(word) % 2]}" for word in sentence(n).split()] for n in range(80)]
    path.write_text("\n\n".join("\n".join(row) for row in rows) + "\n")


def universal(path: Path) -> None:
    def line(n: int, word: str) -> str:
        return f"{n}\t{word}\t_\t{'NV'[len(word) % 2]}\t_\t_\t_\t_\t_\t_"

    rows = [["# sent_id", *(line(n, w) for n, w in enumerate(sentence(k).split(), 1))] for k in range(80)]
    path.write_text("\n\n".join("\n".join(row) for row in rows) + "\n")


CASES: list[tuple[str, Callable[[Path], None], str, dict[str, Any], str]] = [
    (
        "power.csv",
        forecast,
        "SeriesData",
        {"task": "forecast", "time": "time", "channels": ["load", "heat"]},
        "one series",
    ),
    ("fleet.csv", grouped, "SeriesData", {"task": "forecast", "group": "machine"}, "6 groups of 40 rows"),
    ("holes.csv", with_gaps, "SeriesData", {"missing": "forward", "gaps": "split"}, "missing cells: heat 1"),
    (
        "acts.csv",
        by_group,
        "SeriesData",
        {"task": "classification", "targets": ["activity"], "at": "end"},
        "30 groups",
    ),
    (
        "engines.csv",
        life,
        "SeriesData",
        {"task": "regression", "targets": ["RUL"], "group": "unit"},
        "6 groups",
    ),
    (
        "long.csv",
        long,
        "SeriesData",
        {"form": "long", "name": "sensor", "value": "value"},
        "2 channels: a, b",
    ),
    ("plain.parquet", parquet, "SeriesData", {"channels": ["a", "b"]}, "no column of time"),
    (
        "Made_TRAIN.ts",
        ts,
        "LabelledSeriesData",
        {"val_share": 0.2},
        "40 sequences of 5 to 7 steps, 1 channel",
    ),
    ("series.npz", npz, "LabelledSeriesData", {"target": "auto"}, "x_train: float64, 40 x 6 x 2"),
    ("images.npz", images, "ImageRowsData", {"read": "rows"}, "x: uint8, 60 x 6 x 6"),
    ("train-images-idx3-ubyte", idx, "ImageRowsData", {"read": "rows"}, "60 x 5 x 5 numbers"),
    ("notes.npz", rolls, "RollData", {}, "x_train: float32, 8 x 12 x 5"),
    ("turned.tsv", pairs, "PairsData", {"source": "characters", "target": "characters"}, "400 pairs"),
    (
        "mood.csv",
        labelled_csv,
        "LabelledTextData",
        {"text": "text", "label": "label"},
        "2 classes in 'label'",
    ),
    (
        "mood.tsv",
        labelled_tsv,
        "LabelledTextData",
        {"text": "sentence", "label": "label"},
        "3 classes in 'label'",
    ),
    (
        "mood.jsonl",
        json_lines,
        "LabelledTextData",
        {"text": "body", "label": "class"},
        "3 classes in 'class'",
    ),
    ("tags.conll", tags, "TaggedData", {"word": 1, "tag": 2}, "80 sentences of 8 tokens each"),
    ("tags.conllu", universal, "TaggedData", {"word": None}, "10 columns; 2 tags"),
    ("sea.txt", text, "TextData", {"unit": "character"}, "bytes of UTF-8"),
    ("seas", folder_of_texts, "TextData", {"split": "position"}, "5 files .txt"),
    ("moods", folder_of_classes, "LabelledTextData", {"min_count": 1}, "2 classes, by folder: a 30, b 30"),
]


@pytest.mark.parametrize(("name", "write", "data", "options", "said"), CASES, ids=[case[0] for case in CASES])
def test_what_is_written_can_be_read_and_one_of_each_trains(
    name: str,
    write: Callable[[Path], None],
    data: str,
    options: dict[str, Any],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(tmp_path / name)
    out = tmp_path / "my.yaml"
    assert main(["init", str(tmp_path / name), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert said in " ".join(shown.split())
    assert "cannot be read yet" not in shown
    config = yaml.safe_load(out.read_text())
    assert config["data"]["class_path"].endswith(f".{data}")
    given = config["data"]["init_args"]
    assert {key: given.get(key) for key in options} == options
    assert all(line.startswith("# ") for line in out.read_text().splitlines()[:4])
    if name != next(case[0] for case in CASES if case[2] == data):
        return
    run = tmp_path / "run"
    words = [
        "--run",
        str(run),
        "--trainer.log_every_n_steps",
        "1",
        "--trainer.max_steps",
        "1",
        "--trainer.enable_progress_bar",
        "false",
        "--model.d_model",
        "8",
    ]
    assert main(["fit", "--config", str(out), *words]) == 0
    assert (read_run(run).status, read_run(run).step) == ("finished", 1)


def test_nothing_is_replaced_without_being_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text(tmp_path / "sea.txt")
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
    text(tmp_path / "sea.txt")
    assert main(["init", "sea.txt"]) == 0
    assert "sea.yaml is written. Train with: seqtoolkit fit --config sea.yaml" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG picture"),
        (b"\x80\x04abc", "is a Python pickle, which is never opened"),
        (b"\x93NUMPY\x01", "save x and y together"),
        (b"abc\0def", "is binary, and of no known kind"),
        (b"one\n\xff\xfe two\n", "line 2: not UTF-8"),
        (b"PK\x03\x04 but not truly", "is damaged, or no .npz file"),
        (b"PAR1 but not truly", "cannot be read"),
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


def test_time_that_goes_back_is_to_be_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame({"time": [3, 1, 2] * 20, "load": RANDOM.normal(size=60)}).write_csv(tmp_path / "x.csv")
    assert main(["init", str(tmp_path / "x.csv"), "--out", str(tmp_path / "my.yaml")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "To be mended first: time in 'time' stands still or goes back" in shown
    assert "is written, but its data cannot be read yet" in shown


def test_groups_are_found_far_behind_the_first_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqtoolkit.init.table.SAMPLE", 60)
    wide(tmp_path / "x.csv", 4, 200, machine=np.repeat([f"m{i}" for i in range(4)], 200).tolist())
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
    (tmp_path / "rows.txt").write_text("abc def ghi\n" * 1000)
    assert kind_of(str(tmp_path / "rows.txt"))[1] == ["abc def ghi"] * 5


def test_tags_are_known_without_a_name(tmp_path: Path) -> None:
    tags(tmp_path / "tags.txt")
    assert look(str(tmp_path / "tags.txt")).data.endswith("TaggedData")
    universal(tmp_path / "more.txt")
    assert look(str(tmp_path / "more.txt")).warnings == [
        "CoNLL-U is known by its name: let it end in .conllu"
    ]

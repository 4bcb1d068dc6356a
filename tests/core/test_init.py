"""`seqtoolkit init` knows the form of a file, and writes a configuration that trains on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from seqtoolkit.cli import main
from seqtoolkit.runs import read_run
from tests.core import init_files as files

CASES: list[tuple[str, Callable[[Path], None], str, dict[str, Any], str]] = [
    (
        "power.csv",
        files.forecast,
        "SeriesData",
        {"task": "forecast", "time": "time", "channels": ["load", "heat"]},
        "one series",
    ),
    (
        "fleet.csv",
        files.grouped,
        "SeriesData",
        {"task": "forecast", "group": "machine"},
        "6 groups of 40 rows",
    ),
    (
        "holes.csv",
        files.with_gaps,
        "SeriesData",
        {"missing": "forward", "gaps": "split"},
        "missing cells: heat 1",
    ),
    (
        "acts.csv",
        files.by_group,
        "SeriesData",
        {"task": "classification", "targets": ["activity"], "at": "end"},
        "30 groups",
    ),
    (
        "engines.csv",
        files.life,
        "SeriesData",
        {"task": "regression", "targets": ["RUL"], "group": "unit", "split": "group"},
        "6 groups",
    ),
    (
        "long.csv",
        files.long,
        "SeriesData",
        {"form": "long", "name": "sensor", "value": "value"},
        "2 channels: a, b",
    ),
    ("plain.parquet", files.parquet, "SeriesData", {"channels": ["a", "b"]}, "no column of time"),
    (
        "Made_TRAIN.ts",
        files.ts,
        "LabelledSeriesData",
        {"val_share": 0.2},
        "40 sequences of 5 to 7 steps, 1 channel",
    ),
    ("series.npz", files.npz, "LabelledSeriesData", {"target": "auto"}, "x_train: float64, 40 x 6 x 2"),
    ("images.npz", files.images, "ImageRowsData", {"read": "rows"}, "x: uint8, 60 x 6 x 6"),
    ("train-images-idx3-ubyte", files.idx, "ImageRowsData", {"read": "rows"}, "60 x 5 x 5 numbers"),
    ("notes.npz", files.rolls, "RollData", {}, "x_train: float32, 8 x 12 x 5"),
    ("turned.tsv", files.pairs, "PairsData", {"source": "characters", "target": "characters"}, "400 pairs"),
    (
        "mood.csv",
        files.labelled_csv,
        "LabelledTextData",
        {"text": "text", "label": "label"},
        "2 classes in 'label'",
    ),
    (
        "commas.csv",
        files.labelled_with_commas,
        "LabelledTextData",
        {"text": "text", "label": "label"},
        "2 classes in 'label'",
    ),
    ("load.csv", files.one_column, "SeriesData", {"channels": ["load"]}, "300 rows, 1 column: load"),
    (
        "mood.tsv",
        files.labelled_tsv,
        "LabelledTextData",
        {"text": "sentence", "label": "label"},
        "3 classes in 'label'",
    ),
    (
        "mood.jsonl",
        files.json_lines,
        "LabelledTextData",
        {"text": "body", "label": "class"},
        "3 classes in 'class'",
    ),
    ("tags.conll", files.tags, "TaggedData", {"word": 1, "tag": 2}, "80 sentences of 8 tokens each"),
    ("tags.conllu", files.universal, "TaggedData", {"word": None}, "10 columns; 2 tags"),
    ("sea.txt", files.text, "TextData", {"unit": "character"}, "bytes of UTF-8"),
    ("seas", files.folder_of_texts, "TextData", {"split": "position"}, "5 files .txt"),
    (
        "moods",
        files.folder_of_classes,
        "LabelledTextData",
        {"min_count": 1},
        "2 classes, by folder: a 30, b 30",
    ),
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

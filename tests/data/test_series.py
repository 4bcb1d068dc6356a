"""A series from the file to the answer: the spec, predictions in the units of the user, the memory need, commands."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor

from seqtoolkit import retention_data
from seqtoolkit.checkpoint import load
from seqtoolkit.cli import main
from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.row_lines import RowLines
from seqtoolkit.evaluation import score
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.truncation import truncation
from seqtoolkit.retention.view import view
from tests.data.series_made import UNITS, checkpoint, hourly, units


def zeros(inputs: Tensor, mask: Tensor) -> tuple[Tensor, None]:
    """Answer as a model that predicts the training mean of everything."""
    return torch.zeros(int(mask.sum()), zeros.width), None  # type: ignore[attr-defined]


def predicted(data: SeriesData, model: Any) -> list[dict[str, Any]]:
    rows = dict(row for batch in data.predict_dataloader() for row in data.predictions(model, batch))
    assert list(rows) == list(range(len(rows)))
    return list(rows.values())


def test_the_spec_is_plain_and_complete(tmp_path: Path) -> None:
    data = SeriesData(hourly(tmp_path), time="time", targets=["load"], horizon=2, quantiles=[0.25, 0.75])
    assert json.loads(json.dumps(data.spec)) == data.spec
    assert data.spec["outputs"]["names"] == ["load +1", "load +2"]
    assert (data.spec["num_features"], data.spec["num_classes"], data.spec["seasonal"]) == (2, 4, 24)
    assert data.spec["target"] == "quantiles"
    assert len(data.spec["files"]["file"]) == 64


def test_a_checkpoint_is_enough_to_predict_in_the_units_of_the_user(tmp_path: Path) -> None:
    data = SeriesData(hourly(tmp_path), time="time", targets=["load"], horizon=3, quantiles=[0.1, 0.9])
    path = checkpoint(tmp_path, data)
    later = SeriesData(spec_of=path, inputs=hourly(tmp_path, "again.csv"))
    assert {**later.spec, "files": None} == {**data.spec, "files": None}
    zeros.width = 6  # type: ignore[attr-defined]
    rows = predicted(later, zeros)
    center = data.spec["outputs"]["center"][0]
    assert [row["time"] for row in rows] == ["2026-01-17 16:00", "2026-01-17 17:00", "2026-01-17 18:00"]
    assert [row["step"] for row in rows] == [1, 2, 3]
    for row in rows:
        assert row["load 0.1"] == row["load 0.9"] == pytest.approx(center, rel=1e-6)
    model = load(path).model
    batch = next(iter(later.predict_dataloader()))
    window = data.fitted.of("test").rows.values[-256:][None]
    expected = model(window)[0][0, -1].view(3, 2).sort(-1).values
    scale = data.spec["outputs"]["scale"][0]
    with torch.no_grad():
        found = [[row["load 0.1"], row["load 0.9"]] for row in predicted(later, model)]
    assert torch.allclose(batch.inputs, window, atol=1e-5)
    assert np.allclose(found, (expected * scale + center).detach().numpy(), rtol=1e-5)


def test_a_model_of_parquet_answers_a_csv_of_dates(tmp_path: Path) -> None:
    texts = pl.read_csv(hourly(tmp_path))
    texts.with_columns(pl.col("time").str.to_datetime()).write_parquet(tmp_path / "load.parquet")
    path = checkpoint(tmp_path, SeriesData(str(tmp_path / "load.parquet"), time="time", window=8))
    zeros.width = 2  # type: ignore[attr-defined]
    for writing in ("%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%y %H:%M"):
        written = texts.with_columns(pl.col("time").str.to_datetime().dt.strftime(writing))
        written.write_csv(tmp_path / "new.csv")
        given = {"time_format": writing} if "/" in writing else {}
        later = SeriesData(spec_of=path, inputs=str(tmp_path / "new.csv"), **given)
        (row,) = predicted(later, zeros)
        assert row["time"] == datetime(2026, 1, 17, 16).strftime(writing)
        with RowLines(str(tmp_path / "new.csv")) as lines:
            stream = later.stream(lines)
            for number, cells in lines:
                stream.read(number, cells)
        assert [line["time"] for line in stream.answers(torch.zeros(1, 2))] == [row["time"]]
    with pytest.raises(ValueError, match=r"new\.csv: the time column 'time' has '01/01/26 00:00'; expected"):
        SeriesData(spec_of=path, inputs=str(tmp_path / "new.csv")).predict_dataloader()


def test_a_file_is_divided_as_in_training(tmp_path: Path) -> None:
    """Whole groups where only their ends are asked, though nobody says so again."""
    options: dict[str, Any] = {"task": "classification", "targets": ["site"], "shares": (1, 1, 1)}
    data = SeriesData(units(tmp_path), **UNITS, **options)
    path = checkpoint(tmp_path, data)
    again = SeriesData(units(tmp_path), spec_of=path, shares=(1, 1, 1))
    assert again.fitted.of("test").rows.split.equal(data.fitted.of("test").rows.split)
    assert len(again.examples("test")) == len(data.examples("test"))


def test_each_step_of_each_group_is_answered_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "task": "regression",
        "targets": ["wear"],
        "categorical": ["site"],
        "window": 16,
    }
    data = SeriesData(units(tmp_path), split="group", **UNITS, **options)
    assert data.spec["inputs"]["channels"] == ["heat", "load", "site=north", "site=south"]
    raw = units(
        tmp_path, ("site", "load", "heat", "cycle", "unit"), "raw.parquet"
    )  # no target, another order
    later = SeriesData(spec_of=checkpoint(tmp_path, data), inputs=raw)
    zeros.width = 1  # type: ignore[attr-defined]
    rows = predicted(later, zeros)
    frame = pl.read_parquet(raw)
    assert [(row["unit"], row["cycle"]) for row in rows] == frame.select("unit", "cycle").rows()
    assert rows[0]["wear"] == pytest.approx(data.spec["outputs"]["center"][0], rel=1e-6)
    sites = torch.cat([batch.inputs[batch.mask][:, 2:] for batch in later.predict_dataloader()])
    assert (sites[:, 0].numpy() == (frame["site"] == "north").to_numpy()).all()
    assert (sites.sum(1) == 1).all()


def test_the_memory_need_is_measured_on_windows(tmp_path: Path) -> None:
    data = SeriesData(hourly(tmp_path), time="time", targets=["load"], horizon=2, window=32)
    model = SequenceModel("gru", data.spec["num_classes"], num_features=2, d_model=8, num_layers=1)
    loss = Loss.of(data.spec)
    found = retention_data.batches(data, "val")
    assert len(retention_data.batches(data, "val", 5)[0]) == 5
    record = truncation(view(model, loss=loss), found, [1, 4, 16])[0]
    with torch.no_grad():
        each = torch.cat([score(model, batch, loss).losses for batch in found])
    assert record.n[0] == len(data.examples("val")) == 41  # one answer each, so that there are enough of them
    assert record.settings["full_loss"] == pytest.approx(float(each.mean()), rel=1e-4)


def test_the_command_trains_tests_and_predicts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = hourly(tmp_path)
    words = (
        f"fit --data SeriesData --data.file {path} --data.time time --data.targets [load] --data.horizon 2"
    )
    words += " --model.arch gru --model.d_model 8 --model.num_layers 1 --run run --trainer.max_steps 2"
    quiet = ["--trainer.enable_progress_bar", "false", "--trainer.log_every_n_steps", "1"]
    assert main([*words.split(), *quiet]) == 0
    best = ["--ckpt_path", "run/checkpoints/best.ckpt"]
    capfd.readouterr()
    assert main(["test", *best, *quiet]) == 0
    printed = capfd.readouterr().out
    assert all(name in printed for name in ("skill [95 %]", "naive", "seasonal naive (24)"))
    probes = json.loads(Path("run/probes/best/quality.json").read_text())
    assert {record["baseline"] for record in probes["records"]} == {"naive", "seasonal naive (24)"}
    assert json.loads(Path("run/probes/best/examples.json").read_text())["records"]
    Path(path).rename("moved.csv")
    assert main(["predict", *best, "--data.inputs", "moved.csv", "--output", "found.tsv"]) == 0
    rows = list(csv.DictReader(Path("found.tsv").read_text().splitlines(), delimiter="\t"))
    assert [row["time"] for row in rows] == ["2026-01-17 16:00", "2026-01-17 17:00"]
    assert all(50 < float(row["load"]) < 150 for row in rows)
    frame = pl.read_csv("moved.csv").with_columns(load=pl.col("load") + 1)
    frame.write_csv(path)
    capfd.readouterr()
    assert main(["validate", *best, *quiet]) == 0
    assert "the file of --data.file has changed since" in capfd.readouterr().err

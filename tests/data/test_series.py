"""SeriesData: choices that do not fit, what a checkpoint keeps, predictions in the user's units, and the command."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor

from seqtoolkit import retention_data
from seqtoolkit.checkpoint import BLOCK, load
from seqtoolkit.cli import main
from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.row_lines import RowLines
from seqtoolkit.described import describe
from seqtoolkit.evaluation import score
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.truncation import truncation
from seqtoolkit.retention.view import view

HOURS = 400
SIZES = (40, 55, 30, 62, 47, 35)
UNITS: dict[str, Any] = {"time": "cycle", "group": "unit", "channels": ["heat", "load"]}


def hourly(folder: Path, name: str = "load.csv") -> str:
    time = np.arange(HOURS)
    start = pl.datetime(2026, 1, 1)
    pl.DataFrame({"hour": time}).select(
        time=(start + pl.duration(hours=pl.col("hour"))).dt.strftime("%Y-%m-%d %H:%M"),
        load=pl.Series(100 + 10 * np.sin(2 * np.pi * time / 24)),
        heat=pl.Series(np.random.default_rng(0).standard_normal(HOURS)),
    ).write_csv(folder / name)
    return str(folder / name)


def units(folder: Path, columns: tuple[str, ...] = (), name: str = "units.parquet") -> str:
    """Write series of six machines, whose wear grows and whose site is a text."""
    random = np.random.default_rng(1)
    cycle = np.concatenate([np.arange(size) for size in SIZES])
    unit = np.repeat([f"u{number}" for number in range(len(SIZES))], SIZES)
    frame = pl.DataFrame(
        {
            "unit": unit,
            "cycle": cycle,
            "heat": 300 + random.standard_normal(len(cycle)),
            "load": 0.01 * cycle,
            "wear": cycle * 0.5 + 10,
            "site": np.where(unit < "u3", "north", "south"),
        }
    )
    (frame.select(columns) if columns else frame).write_parquet(folder / name)
    return str(folder / name)


def checkpoint(folder: Path, data: SeriesData) -> str:
    """Write what training would leave of an untrained model."""
    shape = {"d_model": 8, "num_layers": 1, "block": "plain", "mlp_ratio": 0.0, "dropout": 0.0}
    described = describe({"arch": "gru", "arch_config": {}, **shape}, data.spec)
    model = described.build()
    weights = {f"model.{name}": value for name, value in model.state_dict().items()}
    torch.save({BLOCK: described.to_dict(), "state_dict": weights, "global_step": 1}, folder / "a.ckpt")
    return str(folder / "a.ckpt")


def zeros(inputs: Tensor, mask: Tensor) -> tuple[Tensor, None]:
    """Answer as a model that predicts the training mean of everything."""
    return torch.zeros(int(mask.sum()), zeros.width), None  # type: ignore[attr-defined]


def predicted(data: SeriesData, model: Any) -> list[dict[str, Any]]:
    rows = dict(row for batch in data.predict_dataloader() for row in data.predictions(model, batch))
    assert list(rows) == list(range(len(rows)))
    return list(rows.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"file": None}, "no table: give --data.file TABLE, which is divided"),
        ({"train": "a.csv"}, r"is divided into three parts; leave out --data\.train"),
        ({"file": None, "train": "a.csv"}, r"or --data\.train, --data\.val and --data\.test"),
        ({"horizon": 0}, "horizon must be at least 1, got 0"),
        ({"window": 8, "history": 8}, "history is 8 steps of a window of 8; expected at least 0 and fewer"),
        ({"shares": (0, 1, 1)}, "the first positive"),
        ({"shares": (1, float("nan"), 1)}, "the first positive"),
        ({"task": "next", "horizon": 2}, "is for --data.task forecast; the task is next"),
        ({"task": "next", "targets": ["load"]}, "next is of all channels"),
        ({"task": "regression"}, r"regression needs --data\.targets"),
        ({"task": "classification", "targets": ["a", "b"]}, "needs one column of labels"),
        ({"task": "classification", "targets": ["load"], "quantiles": [0.5]}, "a probability for each class"),
        ({"at": "end"}, "forecast looks ahead from every step"),
        ({"task": "regression", "targets": ["load"], "at": "end"}, r"add --data\.group COLUMN"),
        ({"split": "group"}, r"--data\.split group needs --data\.group COLUMN"),
        ({"quantiles": [0.9, 0.1]}, r"expected ascending levels such as \[0.1, 0.5, 0.9\]"),
        ({"task": "regression", "targets": ["load"], "channels": ["load"]}, "so that a model would copy it"),
        ({"channels": ["time", "load"]}, "is the time or the group: leave it out"),
        (
            {"targets": ["heat"], "channels": ["load"]},
            r"a forecast is of channels; add it to --data\.channels",
        ),
        ({"shares": (0.9, 0.0, 0.1), "horizon": 500}, "val has nothing to answer|none of its"),
    ],
)
def test_choices_that_do_not_fit_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    given = {"file": hourly(tmp_path), "time": "time", **options}
    with pytest.raises(ValueError, match=message):
        SeriesData(**given).val_dataloader()


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


def test_what_training_has_not_met_is_refused_or_chosen(tmp_path: Path) -> None:
    options: dict[str, Any] = {"task": "regression", "targets": ["wear"], "categorical": ["site"]}
    data = SeriesData(units(tmp_path), split="group", **UNITS, **options)
    path = checkpoint(tmp_path, data)

    def predict(frame: pl.DataFrame, **more: Any) -> Any:
        frame.write_csv(tmp_path / "raw.csv")
        return SeriesData(spec_of=path, inputs=str(tmp_path / "raw.csv"), **more).predict_dataloader()

    frame = pl.read_parquet(units(tmp_path))
    strange = frame.with_columns(site=pl.when(pl.col("cycle") == 3).then(pl.lit("west")).otherwise("site"))
    with pytest.raises(
        ValueError, match=r"raw\.csv, row 4: column 'site' has 'west', .*they have north, south"
    ):
        predict(strange)
    with pytest.raises(ValueError, match=r"raw\.csv has no column 'heat', which --data.channels asks for"):
        predict(frame.drop("heat"))
    with pytest.raises(ValueError, match=r"raw\.csv, row 1: channel 'load' has no value"):
        predict(frame.with_columns(load=pl.lit(None, pl.Float64)))
    with pytest.raises(
        ValueError, match=r"--data.task next is not what the checkpoint was trained with, 'regression'"
    ):
        predict(frame, task="next")
    known = SeriesData(units(tmp_path), split="group", unseen="unknown", **UNITS, **options)
    path = checkpoint(tmp_path, known)
    batch = next(iter(predict(strange)))
    assert (batch.inputs[0, 3, 2:] == 0).all()
    assert (batch.inputs[0, :3, 2:].sum(1) == 1).all()
    with pytest.raises(
        ValueError, match=r"a\.csv is of the task .*expected one of SeriesData|not a checkpoint"
    ):
        SeriesData(spec_of=units(tmp_path))


def test_a_channel_that_misses_values_only_later_is_refused(tmp_path: Path) -> None:
    data = SeriesData(hourly(tmp_path), time="time", missing="mask")
    frame = pl.read_csv(hourly(tmp_path)).with_columns(heat=pl.when(pl.col("load") > 100).then("heat"))
    frame.write_csv(tmp_path / "raw.csv")
    later = SeriesData(spec_of=checkpoint(tmp_path, data), inputs=str(tmp_path / "raw.csv"))
    with pytest.raises(ValueError, match="channel 'heat' misses values, and did not in training"):
        later.predict_dataloader()


def test_unknown_labels_and_files_of_their_own(tmp_path: Path) -> None:
    options: dict[str, Any] = {"task": "classification", "targets": ["site"], **UNITS}
    frame = pl.read_parquet(units(tmp_path))
    for name, some in (("train", ["u0", "u1", "u4"]), ("val", ["u2", "u5"])):
        frame.filter(pl.col("unit").is_in(some)).write_csv(tmp_path / f"{name}.csv")
    files = {name: str(tmp_path / f"{name}.csv") for name in ("train", "val")}
    data = SeriesData(**files, **options)
    assert data.spec["classes"] == ["north", "south"]
    assert set(data.spec["files"]) == {"train", "val"}
    assert [len(data.examples(split)) for split in files] == [3, 2]
    metric = data.metrics("val")["classes"]
    for batch in data.val_dataloader():
        metric.update(
            cast(Any, None), batch, torch.nn.functional.one_hot(batch.targets[batch.mask], 2).float()
        )
    assert float(metric.compute()["accuracy"]) == 1
    records = metric.records(metric.compute())
    assert any(getattr(record, "past", None) for record in records)
    with pytest.raises(ValueError, match=r"no test rows: add --data\.test TABLE"):
        data.test_dataloader()
    frame.filter(pl.col("unit") == "u2").with_columns(site=pl.lit("west")).write_csv(tmp_path / "val.csv")
    with pytest.raises(ValueError, match=r"val\.csv, row 1: the class 'west' is not in the training rows"):
        SeriesData(**files, **options)
    frame.filter(pl.col("unit") == "u0").write_csv(tmp_path / "train.csv")
    with pytest.raises(ValueError, match="are 'north'; expected two classes or more"):
        SeriesData(**files, **options)


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

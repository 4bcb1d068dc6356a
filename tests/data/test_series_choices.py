"""Choices of a series that do not fit are refused; what training has not met is refused or chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
import torch

from seqtoolkit.data.series import SeriesData
from tests.data.series_made import UNITS, checkpoint, hourly, units


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
        ({"shares": (0.9, 0.0, 0.1), "horizon": 5}, "val has nothing to answer"),
        (
            {"horizon": 320},
            r"a horizon of 320 steps is longer .* 319 at most; use --data.horizon 319 or less",
        ),
    ],
)
def test_choices_that_do_not_fit_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    given = {"file": hourly(tmp_path), "time": "time", **options}
    with pytest.raises(ValueError, match=message):
        SeriesData(**given).val_dataloader()


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

"""Errors of forecasts equal torchmetrics; baselines know what they should; units are resampled; classes are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor
from torchmetrics.functional import mean_absolute_error, mean_squared_error

from seqtoolkit.batch import Batch
from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.baselines import LastValue, SeasonAgo
from seqtoolkit.data.tabular.classes import StepClasses
from seqtoolkit.data.tabular.error_records import distance
from seqtoolkit.data.tabular.forecasts import SeriesForecasts
from seqtoolkit.data.tabular.quality import SeriesQuality
from seqtoolkit.model import SequenceModel
from seqtoolkit.quality import Confusion, Example, Quality

MODEL = cast(SequenceModel, None)  # no metric here asks the model again
LEVELS = [0.1, 0.5, 0.9]


def series(folder: Path, sizes: tuple[int, ...] = (300,), seed: int = 0, **options: Any) -> SeriesData:
    random, time = np.random.default_rng(seed), np.concatenate([np.arange(size) for size in sizes])
    frame = pl.DataFrame(
        {
            "machine": np.repeat([f"m{number}" for number in range(len(sizes))], sizes),
            "time": time,
            "load": 50 + 9 * np.sin(2 * np.pi * time / 12) + random.standard_normal(len(time)),
            "heat": random.standard_normal(len(time)).cumsum(),
            "kind": random.choice(["on", "off"], len(time), p=[0.7, 0.3]),
        }
    )
    frame.write_parquet(folder / "table.parquet")
    given: dict[str, Any] = {"time": "time", "group": "machine", "channels": ["load", "heat"], "window": 32}
    return SeriesData(str(folder / "table.parquet"), **{**given, **options})


def run(
    data: SeriesData, answer: Any, name: str = "errors", split: str = "val"
) -> tuple[Any, dict[str, Tensor]]:
    """Update a metric with what `answer` makes of the targets (N, V) of each batch."""
    metric = data.metrics(split)[name]
    for batch in data.val_dataloader() if split == "val" else data.test_dataloader():
        metric.update(MODEL, batch, answer(batch))
    return metric, metric.compute()


def targets(data: SeriesData) -> Tensor:
    return torch.cat([batch.targets[batch.mask] for batch in data.val_dataloader()])


@pytest.mark.parametrize("names", [["load"], ["load", "heat"]])
def test_point_errors_are_those_of_torchmetrics(tmp_path: Path, names: list[str]) -> None:
    data = series(tmp_path, horizon=3, targets=names)
    wrong = lambda batch: (batch.targets[batch.mask] * 0.5 + 0.3).nan_to_num(0)  # noqa: E731
    metric, values = run(data, wrong)
    truth = targets(data)
    known = ~truth.isnan()
    answers = (truth * 0.5 + 0.3)[known]
    scale = data.spec["outputs"]["scale"][0] if len(names) == 1 else 1
    assert float(values["mse"]) == pytest.approx(float(mean_squared_error(answers, truth[known])) * scale**2)
    assert float(values["mae"]) == pytest.approx(float(mean_absolute_error(answers, truth[known])) * scale)
    best = min(values["naive_mse"], values["seasonal_naive_mse"])
    assert float(values["skill"]) == pytest.approx(float(1 - values["mse"] / best))
    records = metric.records(values)
    overall = [record for record in records if record.measure == "mse"]
    assert [record.baseline for record in overall] == ["seasonal naive (12)", "naive"] or len(names) > 1
    for record in records:
        assert Quality.from_dict(record.to_dict()) == record
    apart = {record.measure: record for record in records}
    if len(names) > 1:
        column = truth.view(-1, 2, 3)[:, 1]
        error = (column * -0.5 + 0.3)[~column.isnan()].abs().mean()
        assert apart["mae heat"].estimate == pytest.approx(
            float(error) * data.spec["outputs"]["scale"][3], rel=1e-5
        )
        assert apart["mae heat"].unit == "of heat"


def test_quantiles_are_sorted_scored_and_counted(tmp_path: Path) -> None:
    data = series(tmp_path, horizon=4, targets=["load"], quantiles=LEVELS)

    def answer(batch: Batch) -> Tensor:
        truth = batch.targets[batch.mask].nan_to_num(0)
        return torch.stack([truth + 1, truth - 1, truth + 0.5], -1).flatten(
            1
        )  # crossed, and around the truth

    _, values = run(data, answer)
    scale = data.spec["outputs"]["scale"][0]
    errors = torch.tensor([1.0, -0.5, -1.0])  # truth minus the sorted quantiles
    levels = torch.tensor(LEVELS)
    pinball = torch.maximum(levels * errors, (levels - 1) * errors).mean()
    assert float(values["pinball"]) == pytest.approx(float(pinball) * scale)
    assert float(values["mae"]) == pytest.approx(0.5 * scale, rel=1e-5)
    assert float(values["coverage"]) == 1.0
    metric, values = run(data, lambda batch: answer(batch) + 3)
    assert float(values["coverage"]) == 0.0
    (coverage,) = [record for record in metric.records(values) if record.measure == "coverage_error"]
    assert coverage.estimate == coverage.lower == coverage.upper == pytest.approx(0.8)
    assert not coverage.higher_is_better
    assert coverage.settings["nominal"] == pytest.approx(0.8)
    assert coverage.settings["covered"] == 0.0


@pytest.mark.parametrize(
    ("covered", "distances"),
    [((0.6, 0.5, 0.7), (0.2, 0.1, 0.3)), ((0.95, 0.9, 1.0), (0.15, 0.1, 0.2)), ((0.8, 0.7, 0.85), (0, 0, 0.1)),
     ((0.75, 0.7, 0.82), (0.05, 0, 0.1))],
)  # fmt: skip
def test_too_much_coverage_is_as_wrong_as_too_little(
    covered: tuple[float, ...], distances: tuple[float, ...]
) -> None:
    names = ("estimate", "lower", "upper")
    found = distance(dict(zip(names, covered, strict=True)), 0.8)
    assert [found[name] for name in names] == pytest.approx(distances)


def test_naive_forecasts_are_the_last_value_and_that_of_a_season_ago(tmp_path: Path) -> None:
    data = series(tmp_path, (40, 30), horizon=5)
    rows = data.fitted.of("train").rows
    at, low = torch.tensor([0, 7, 39, 45, 69]), torch.tensor([0, 0, 0, 40, 40])
    columns = torch.tensor([1, 0])
    last, season = LastValue(columns, 5)(rows, at, low), SeasonAgo(columns, 5, 3)(rows, at, low)
    for number, (row, begin) in enumerate(zip(at.tolist(), low.tolist(), strict=True)):
        for ahead in range(1, 6):
            assert (last[number, :, ahead - 1] == rows.values[row][[1, 0]]).all()
            back = next(row + ahead - 3 * n for n in range(1, 9) if row + ahead - 3 * n <= row)
            place = back if back >= begin else row
            assert (season[number, :, ahead - 1] == rows.values[place][[1, 0]]).all()


def test_a_model_that_answers_as_the_baseline_has_no_skill(tmp_path: Path) -> None:
    data = series(tmp_path, horizon=3, targets=["heat"], season=7)
    examples = data.examples("val")

    def answer(batch: Batch) -> Tensor:
        row, step = batch.mask.nonzero(as_tuple=True)
        at = examples.starts[batch.index[row]] + step  # type: ignore[index]
        return examples.rows.values[at][:, 1:2].expand(-1, 3)

    metric, values = run(data, answer)
    assert float(values["mse"]) == pytest.approx(float(values["naive_mse"]))
    naive = [record for record in metric.records(values) if record.baseline == "naive"]
    assert [record.skill for record in naive] == pytest.approx([0.0] * len(naive), abs=1e-6)
    assert [record.skill_lower for record in naive] == pytest.approx([0.0] * len(naive), abs=1e-6)
    assert naive[0].settings["by_step"]["model"] == pytest.approx(naive[0].settings["by_step"]["naive"])


def test_groups_are_resampled_where_there_are_many_else_blocks(tmp_path: Path) -> None:
    groups = series(tmp_path, (12,) * 60, split="group", shares=(1, 1, 0), window=8)
    many = cast(SeriesQuality, groups.metrics("val")["errors"])
    assert (many.units.description, many.units.count) == ("groups", 30)
    few = cast(SeriesQuality, series(tmp_path, (400,), horizon=4, season=6).metrics("val")["errors"])
    assert few.units.description == "blocks of 4 steps"  # a tenth of the steps at most
    steps = torch.bincount(few.units.of_step)
    assert (steps[:-1] == 4).all()
    assert few.units.count == len(steps) >= 10


def test_regression_stands_beside_what_training_has_on_average(tmp_path: Path) -> None:
    options: dict[str, Any] = {"task": "regression", "channels": ["heat"], "targets": ["load"]}
    zero = lambda batch: torch.zeros(int(batch.mask.sum()), 1)  # noqa: E731
    metric, values = run(series(tmp_path, **options), zero)
    assert float(values["skill"]) == 0
    assert metric.records(values)[0].baseline == "training mean"
    metric, values = run(series(tmp_path, loss="mae", **options), zero)
    assert metric.records(values)[0].baseline == "training median"
    data = series(tmp_path, quantiles=LEVELS, **options)
    rows = data.fitted.of("train").rows
    train = rows.values[rows.split == 0][:, data.plan.columns.places(["load"])[0]]
    constant = train.quantile(torch.tensor(LEVELS))
    metric, values = run(data, lambda batch: constant.expand(int(batch.mask.sum()), -1))
    assert float(values["skill"]) == pytest.approx(0, abs=1e-3)
    assert metric.records(values)[0].baseline == "training quantiles"


def test_the_worst_forecasts_are_kept_with_what_came(tmp_path: Path) -> None:
    data = series(tmp_path, (900,), horizon=4, targets=["load"], window=16, shares=(1, 1, 0))
    examples = data.examples("val")

    def answer(batch: Batch) -> Tensor:
        shift = (batch.index[batch.mask.nonzero()[:, 0]] == 5) * 4.0  # type: ignore[index]
        return batch.targets[batch.mask].nan_to_num(0) + shift[:, None]

    metric, values = run(data, answer, "forecasts")
    assert isinstance(metric, SeriesForecasts)
    shown = metric.records(values)
    worst = shown[0]
    assert (worst.index, worst.chosen) == (5, "worst")
    assert worst.loss == pytest.approx(16, rel=1e-4)
    at = int(examples.starts[5]) + worst.settings["step"]
    raw = pl.read_parquet(tmp_path / "table.parquet")["load"].to_numpy()
    assert worst.future["load"] == pytest.approx(raw[at + 1 : at + 5].tolist(), rel=1e-5)
    assert worst.past["load"] == pytest.approx(raw[at - 95 : at + 1].tolist(), rel=1e-5)
    shift = 4 * data.spec["outputs"]["scale"][0]
    assert worst.forecast["load"][0] == pytest.approx(
        [value + shift for value in raw[at + 1 : at + 5]], rel=1e-5
    )
    assert worst.labels["future"] == [str(step) for step in range(at + 1, at + 5)]
    assert {example.chosen for example in shown} == {"worst", "drawn"}
    for example in shown:
        assert Example.from_dict(example.to_dict()) == example


def test_steps_are_classified_beside_the_majority(tmp_path: Path) -> None:
    data = series(tmp_path, (600,), task="classification", at="step", targets=["kind"])
    certain = lambda batch: 20.0 * torch.nn.functional.one_hot(batch.targets[batch.mask], 2)  # noqa: E731
    metric, values = run(data, certain, "classes")
    assert isinstance(metric, StepClasses)
    assert float(values["accuracy"]) == 1
    truth = targets(data)
    assert data.spec["classes"] == ["off", "on"]
    assert float(values["majority_accuracy"]) == pytest.approx(float((truth == 1).float().mean()))
    accuracy, loss, confusion = metric.records(values)
    assert isinstance(accuracy, Quality)
    assert isinstance(loss, Quality)
    assert (accuracy.skill, accuracy.baseline) == (1, "majority class")
    assert loss.baseline_estimate == pytest.approx(0.61, abs=0.1)  # nats of 70 %
    assert isinstance(confusion, Confusion)
    assert confusion.counts == [[int((truth == 0).sum()), 0], [0, int((truth == 1).sum())]]


@pytest.mark.parametrize("at", ["step", "end"])
def test_the_worst_curves_are_kept_with_the_truth_over_all_windows_of_a_group(
    tmp_path: Path, at: str
) -> None:
    options: dict[str, Any] = {"task": "regression", "channels": ["heat"], "targets": ["load"], "at": at}
    options |= {"split": "group", "shares": (1, 1, 0), "quantiles": LEVELS}
    data = series(tmp_path, (60, 50, 40, 60, 30, 20), **options)
    examples, rows = data.examples("val"), data.fitted.of("val").rows
    (asked,) = (rows.split == 1).nonzero(as_tuple=True)
    worst_row = int(asked[-1])  # of the last group of the split
    low = int(examples.lows[-1])

    def answer(batch: Batch) -> Tensor:
        shift = (examples.lows[batch.index[batch.mask.nonzero()[:, 0]]] == low) * 4.0  # type: ignore[index]
        return batch.targets[batch.mask] + shift[:, None] + torch.tensor([2.0, 0.0, 1.0])  # in no order

    metric, values = run(data, answer, "curves")
    worst, *others = metric.records(values)
    assert (worst.index, worst.chosen, worst.quantiles) == (len(examples) - 1, "worst", LEVELS)
    assert (
        len({one.index for one in others} | {worst.index}) == len(others) + 1 == len(examples.lows.unique())
    )
    steps = np.arange(low if at == "step" else worst_row, worst_row + 1)
    raw, scale = (
        pl.read_parquet(tmp_path / "table.parquet")["load"].to_numpy(),
        data.spec["outputs"]["scale"][0],
    )
    assert worst.future["load"] == pytest.approx(raw[steps].tolist(), rel=1e-5)
    for level, shift in zip(worst.forecast["load"], (4, 5, 6), strict=True):
        assert level == pytest.approx((raw[steps] + shift * scale).tolist(), rel=1e-5)
    assert len(worst.labels["future"]) == len(steps)
    assert (len(steps) == 1) == bool(worst.past) == (at == "end")
    assert worst.settings["steps"] == ("ahead" if at == "end" else "asked")
    assert Example.from_dict(worst.to_dict()) == worst

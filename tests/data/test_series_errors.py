"""Errors of forecasts equal torchmetrics; quantiles are scored and counted; groups or blocks are resampled."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor
from torchmetrics.functional import mean_absolute_error, mean_squared_error

from seqtoolkit.batch import Batch
from seqtoolkit.data.tabular.error_records import distance
from seqtoolkit.data.tabular.quality import SeriesQuality
from seqtoolkit.quality import Quality
from tests.data.series_answered import LEVELS, run, series, targets


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


def test_groups_are_resampled_where_there_are_many_else_blocks(tmp_path: Path) -> None:
    groups = series(tmp_path, (12,) * 60, split="group", shares=(1, 1, 0), window=8)
    many = cast(SeriesQuality, groups.metrics("val")["errors"])
    assert (many.units.description, many.units.count) == ("groups", 30)
    few = cast(SeriesQuality, series(tmp_path, (400,), horizon=4, season=6).metrics("val")["errors"])
    assert few.units.description == "blocks of 4 steps"  # a tenth of the steps at most
    steps = torch.bincount(few.units.of_step)
    assert (steps[:-1] == 4).all()
    assert few.units.count == len(steps) >= 10

"""Baselines of series know what they should, and a model that answers as one has no skill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.tabular.baselines import LastValue, SeasonAgo
from tests.data.series_answered import LEVELS, run, series


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

"""The worst forecasts and curves of series are kept, in units of the table, with what came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.tabular.forecasts import SeriesForecasts
from seqtoolkit.quality import Example
from tests.data.series_answered import LEVELS, run, series


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

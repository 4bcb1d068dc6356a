"""Answers are written with the digits that a model can tell, and no others."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.written_number import written_number


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e6))
def test_what_is_lost_is_less_than_single_precision_can_tell(value: float, scale: float) -> None:
    most = 5.1e-7 * min(scale * 10, abs(value)) + abs(value) * 1e-15
    assert abs(written_number(value, scale) - value) <= most


def test_small_numbers_have_seven_digits() -> None:
    assert written_number(1 / 3, 1.0) == 0.3333333
    assert written_number(1.7e9 + 1 / 3, 2.0) == 1700000000.33333
    assert written_number(0.0, 1.0) == 0
    assert math.isnan(written_number(float("nan"), 1.0))


@pytest.mark.parametrize("quantiles", [None, [0.1, 0.9]])
def test_forecasts_of_large_numbers_keep_their_small_changes(quantiles: Any, tmp_path: Path) -> None:
    load = 1.7e9 + np.random.default_rng(0).normal(size=60)
    pl.DataFrame({"load": load, "heat": load - 1.7e9}).write_parquet(tmp_path / "x.parquet")
    path = str(tmp_path / "x.parquet")
    data = SeriesData(path, inputs=path, shares=(1, 1, 0), quantiles=quantiles, window=8)
    width, center, scale = (
        data.spec["num_classes"],
        data.spec["outputs"]["center"],
        data.spec["outputs"]["scale"],
    )

    def model(inputs: torch.Tensor, mask: torch.Tensor | None = None, **more: Any) -> Any:
        scores = torch.full((*inputs.shape[:2], width), 0.25)
        return SimpleNamespace() if mask is None else (scores[mask],)

    shown = data.metrics("val")["forecasts"].shown  # type: ignore[union-attr]
    past = shown.past(0, 7)["past"]["load"]
    np.testing.assert_allclose(past, load[: len(past)], rtol=0, atol=1e-5)
    batch = next(iter(data.predict_dataloader()))
    (_, line), *_ = data.predictions(model, batch)  # type: ignore[arg-type]
    for name, value in line.items():
        for number, target in enumerate(("load", "heat")):
            if name.startswith(target):
                assert value == pytest.approx(center[number] + 0.25 * scale[number], abs=1e-5)


def test_numbers_at_the_ends_of_double_precision_are_written_too() -> None:
    for value, scale in ((5e-324, 1e10), (1e-30, 1e300), (1e300, 1e-300)):
        assert written_number(value, scale) == value

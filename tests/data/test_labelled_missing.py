"""The share of missing values of labelled series is that of the training steps, before they are filled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtoolkit.data.labelled_series import LabelledSeriesData
from seqtoolkit.data_summary import summarise

RANDOM = np.random.default_rng(0)


def with_holes(folder: Path) -> str:
    x = RANDOM.normal(size=(20, 10, 2))
    x[:, :4, 1] = np.nan
    held = RANDOM.normal(size=(6, 10, 2))
    path = folder / "x.npz"
    np.savez(path, x_train=x, y_train=np.arange(20) % 2, x_val=held, y_val=np.arange(6) % 2)
    return str(path)


@pytest.mark.parametrize("missing", ["forward", "mask"])
def test_the_data_page_shows_what_was_missing(missing: Any, tmp_path: Path) -> None:
    path = with_holes(tmp_path)
    data = LabelledSeriesData(path, path, missing=missing)
    assert data.spec["inputs"]["missing"] == pytest.approx([0, 0.4])
    channels = summarise(data.spec, {"train": data.train_dataloader()}).channels  # type: ignore[dict-item]
    assert [one.missing for one in channels[:2]] == pytest.approx([0, 0.4])

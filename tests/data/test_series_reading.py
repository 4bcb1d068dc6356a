"""Tables are read as they are written: columns by name, gaps, groups, and numbers of any size."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from seqtoolkit.data.series import SeriesData
from seqtoolkit.data_summary import summarise
from tests.data.tables_read import HEAD, ROWS, csv, found, series, truth


def test_columns_are_found_by_name_in_any_separator_and_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = truth(found(csv(tmp_path)))
    for separator in ";\t|":
        rows = [separator.join(row.split(",")[::-1]) for row in ROWS]
        path = csv(tmp_path, rows, separator.join(HEAD.strip().split(",")[::-1]) + "\n", "other.csv")
        assert (truth(found(path, channels=["load", "heat"])) == expected).all()
    stream = io.TextIOWrapper(io.BytesIO((HEAD + "\n".join(ROWS)).encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert (truth(found("-")) == expected).all()


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(10_000)]
    values = np.random.default_rng(0).standard_normal((30, len(names)))
    path = tmp_path / "broad.parquet"
    pl.DataFrame(values, schema=names).write_parquet(path)
    data = SeriesData(str(path), task="next", window=8, shares=(2, 1, 0))
    batch = next(iter(data.train_dataloader()))
    assert batch.inputs.shape[2] == batch.targets.shape[2] == data.spec["num_classes"] == 10_000
    center, scale = (np.array(data.spec["inputs"][name]) for name in ("center", "scale"))
    examples = data.examples("train")
    first = examples.collate(torch.arange(1)).inputs[0, 0].numpy() * scale + center
    assert np.allclose(first, values[int(examples.starts[0])], atol=1e-5)
    assert data.metrics("val").keys() == {"errors", "forecasts"}


def test_small_changes_of_large_numbers_survive_single_precision(tmp_path: Path) -> None:
    rows = [f"a,{step},{1_700_000_000 + step % 7},{step % 3}" for step in range(20)]
    assert (truth(found(csv(tmp_path, rows)))[:, 0] == [1_700_000_000 + step % 7 for step in range(20)]).all()


def test_rows_of_groups_that_alternate_are_brought_together(tmp_path: Path) -> None:
    mixed = [row for pair in zip(ROWS[:20], ROWS[20:], strict=True) for row in pair]
    apart, together = found(csv(tmp_path, mixed, name="mixed.csv")), found(csv(tmp_path))
    assert (truth(apart) == truth(together)).all()
    assert (apart.segments.starts == together.segments.starts).all()
    assert apart.table.place(20) == f"{tmp_path}/mixed.csv, row 2"


def test_gaps_are_refused_split_or_ignored(tmp_path: Path) -> None:
    path = csv(tmp_path, [row for row in ROWS if not row.startswith("a,6,")])
    assert len(found(path, gaps="ignore").segments) == 2
    split = found(path, gaps="split").segments
    assert list(split.starts) == [0, 6, 19]
    assert list(split.group) == [0, 0, 1]
    with pytest.raises(ValueError, match=r"--data\.gaps split"):
        found(path, gaps="error")


def test_the_share_of_missing_values_is_that_of_the_training_rows(tmp_path: Path) -> None:
    rows = [f"{row}," if int(row.split(",")[1]) % 4 else f"{row},{len(row)}" for row in ROWS]
    path = csv(tmp_path, rows, HEAD.replace("heat", "heat,rare"))
    data = series(path, missing="forward")
    shares = dict(zip(data.spec["inputs"]["channels"], data.spec["inputs"]["missing"], strict=True))
    assert (shares["load"], shares["rare"]) == (0, 0.75)
    loaders: Any = {"train": data.train_dataloader()}
    shown = {one.name: one.missing for one in summarise(data.spec, loaders).channels}
    assert (shown["load"], shown["rare"]) == (0, 0.75)

"""Windows of series ask each value once, scale by training alone, and never show training what comes later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.order import Segments
from seqtoolkit.data.tabular.splits import by_group
from seqtoolkit.data.tabular.windows import cover, ends, regions, spread

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=5)
SPLIT = {"train": 0, "val": 1, "test": 2}


def series(folder: Path, sizes: list[int], seed: int = 0, holes: float = 0.0, **options: Any) -> SeriesData:
    """Make groups of these sizes, whose two channels and whose target are random, some of them missing."""
    random = np.random.default_rng(seed)
    values = random.standard_normal((sum(sizes), 3)).round(3)
    values[random.random(values.shape) < holes] = np.nan
    values[:2, :2] = 0.5, 1.5  # so that training has two values of each
    frame = pl.DataFrame(values, schema=["load", "heat", "wear"]).with_columns(
        machine=np.repeat([f"m{number}" for number in range(len(sizes))], sizes),
        time=np.concatenate([np.arange(size) for size in sizes]),
    )
    frame.with_columns(pl.col("load", "heat", "wear").fill_nan(None)).write_parquet(folder / "table.parquet")
    given: dict[str, Any] = {"time": "time", "group": "machine", "short": "skip", "missing": "forward"}
    given |= {"channels": ["load", "heat"]}
    return SeriesData(str(folder / "table.parquet"), **{**given, **options})


def everything(data: SeriesData, split: str) -> tuple[Any, Any]:
    examples = data.examples(split)
    return examples, examples.collate(torch.arange(len(examples)))


@given(SIZES, st.integers(1, 12), st.integers(1, 5), st.sampled_from(["time", "group"]), st.integers(0, 99))
@settings(max_examples=20)
def test_each_later_value_of_a_split_is_asked_at_every_step_that_can(
    tmp_path_factory: Any, sizes: list[int], window: int, horizon: int, by: str, seed: int
) -> None:
    sizes = [30, 30, *sizes] if by == "time" else [12, 12, 12, *(size + 1 for size in sizes)]
    folder = tmp_path_factory.mktemp("series")
    data = series(folder, sizes, seed, 0.2, horizon=horizon, window=window, split=by, targets=["heat"])
    raw = pl.read_parquet(folder / "table.parquet")["heat"].to_numpy()
    rows = data.fitted.of("val").rows
    first = np.repeat(np.cumsum([0, *sizes[:-1]]), sizes)  # row at which the group of each row begins
    stop = np.repeat(np.cumsum(sizes), sizes)
    center, scale = (data.spec["outputs"][name][0] for name in ("center", "scale"))
    for split in ("val", "test"):
        examples, batch = everything(data, split)
        asked: dict[tuple[int, int], float] = {}
        for number, step in batch.mask.nonzero().tolist():
            at = int(examples.starts[number]) + step
            for ahead, value in enumerate(batch.targets[number, step].tolist(), 1):
                if value == value:
                    assert (at, ahead) not in asked
                    asked[at, ahead] = value * scale + center
        mine = rows.split.numpy() == SPLIT[split]
        expected = {
            (row - ahead, ahead): raw[row]
            for row in np.flatnonzero(mine & ~np.isnan(raw))
            for ahead in range(1, horizon + 1)
            if first[row] <= row - ahead < stop[row]
        }
        assert asked.keys() == expected.keys()
        assert np.allclose([asked[key] for key in expected], list(expected.values()), atol=1e-4)


@given(SIZES, st.integers(2, 12), st.integers(1, 5), st.integers(0, 5))
@settings(max_examples=25)
def test_training_meets_no_value_of_a_later_split(
    tmp_path_factory: Any, sizes: list[int], window: int, horizon: int, epoch: int
) -> None:
    folder = tmp_path_factory.mktemp("series")
    sizes = [40, *sizes]
    data = series(folder, sizes, horizon=horizon, window=window, stride=3, split="time")
    scaled, rows = data.spec["inputs"], data.fitted.of("train").rows
    later = rows.split != 0
    rows.values[later] = 1e9  # whatever is read or asked of it would be seen
    loader = data.train_dataloader()
    loader.set_epoch(epoch)
    for batch in loader:
        assert batch.inputs.abs().max() < 1e6
        assert batch.targets[batch.mask].nan_to_num(0).abs().max() < 1e6
        assert (batch.lengths <= window).all()
    assert sum(len(batch) for batch in loader) == len(data.examples("train"))
    again = series(
        folder, sizes, horizon=horizon, split="time"
    )  # as training rows change, nothing else is fitted on
    assert again.spec["inputs"] == scaled


@given(SIZES, st.sampled_from(["forward", "mask"]), st.integers(0, 99))
@settings(max_examples=25)
def test_inputs_are_the_scaled_values_or_the_last_known_before(
    tmp_path_factory: Any, sizes: list[int], missing: str, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("series")
    sizes = [20, *sizes]
    data = series(folder, sizes, seed, 0.3, missing=missing, window=7, shares=(1, 1, 0), split="time")
    frame = pl.read_parquet(folder / "table.parquet")
    filled = frame.select(pl.col("load", "heat").forward_fill().over("machine")).to_numpy()
    center, scale = (np.array(data.spec["inputs"][name]) for name in ("center", "scale"))
    expected = np.nan_to_num((filled - center[:2]) / scale[:2])
    known = ~np.isnan(frame.select("load", "heat").to_numpy())
    gapped = [name for name, column in zip(("load", "heat"), known.T, strict=True) if not column.all()]
    names = ["load", "heat", *(f"{name} known" for name in gapped if missing == "mask")]
    assert data.spec["inputs"]["channels"] == names
    examples, batch = everything(data, "val")
    for row, start, length in zip(
        batch.inputs, examples.starts.tolist(), batch.lengths.tolist(), strict=True
    ):
        part = slice(start, start + length)
        assert np.allclose(row[:length, :2], expected[part], atol=1e-4)
        for place, name in enumerate(names[2:], 2):
            column = ("load", "heat").index(name.removesuffix(" known"))
            assert (row[:length, place].numpy() == known[part, column]).all()
        assert (row[length:] == 0).all()


def test_scaling_is_fitted_on_training_rows_alone(tmp_path: Path) -> None:
    data = series(tmp_path, [100], split="time")
    raw = pl.read_parquet(tmp_path / "table.parquet").select("load", "heat").to_numpy()
    assert np.allclose(data.spec["inputs"]["center"], raw[:80].mean(0))
    assert np.allclose(data.spec["inputs"]["scale"], raw[:80].std(0))
    assert data.spec["rows"] == {"train": 80, "val": 10, "test": 10}
    train = data.fitted.of("train").rows.values[:80]
    assert torch.allclose(train.mean(0), torch.zeros(2), atol=1e-6)
    assert torch.allclose(train.std(0, correction=0), torch.ones(2), atol=1e-6)


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=6),
    st.integers(1, 12),
    st.integers(0, 11),
    st.integers(1, 9),
)
def test_windows_cover_or_are_spread_over_all_steps(
    sizes: list[int], window: int, history: int, stride: int
) -> None:
    stops = np.cumsum(sizes)
    segments = Segments(stops - sizes, stops, np.arange(len(sizes), dtype=np.int32))
    found = regions(segments, np.zeros(stops[-1], np.uint8), 0, 0)
    covering = cover(found, window, min(history, window - 1))
    answered = [
        np.arange(start + first, start + length)
        for start, length, first in zip(covering.start, covering.length, covering.first, strict=True)
    ]
    assert (np.concatenate(answered) == np.arange(stops[-1])).all()
    assert covering.length.max() <= window
    early = covering.first < min(history, window - 1)
    assert (covering.start[early] == covering.low[early]).all()  # less history only where there is none
    still, moved = spread(found, window, stride), spread(found, window, stride, np.random.default_rng(0))
    for windows in (still, moved):
        assert (windows.length == still.length).all()
        assert (windows.start >= windows.low).all()
        assert (windows.start + windows.length <= windows.limit).all()
    if stride <= window:
        parts = [
            np.arange(start, stop)
            for start, stop in zip(still.start, still.start + still.length, strict=True)
        ]
        assert set(np.concatenate(parts)) == set(range(stops[-1]))
    last = ends(found, window)
    assert (last.start + last.length == stops).all()
    assert (last.length == np.minimum(sizes, window)).all()


@given(st.sets(st.text(min_size=1), min_size=3, max_size=60))
def test_groups_keep_their_split_when_others_come(names: set[str]) -> None:
    listed = sorted(names)
    exact = by_group(listed, (0.8, 0.1, 0.1), exact=True)
    assert {0, 1, 2} == set(exact)
    assert abs(exact.count(2) - 0.1 * len(listed)) <= 1
    hashed = dict(zip(listed, by_group(listed, (0.8, 0.1, 0.1), exact=False), strict=True))
    for name in listed:
        assert by_group([name], (0.8, 0.1, 0.1), exact=False) == [hashed[name]]


def test_no_group_is_in_two_splits(tmp_path: Path) -> None:
    for by in ("group", "hash"):
        data = series(tmp_path, [5] * 60, split=by)
        rows, table = data.fitted.of("train").rows, data.fitted.of("train").table
        pairs = {(int(group), int(part)) for group, part in zip(table.group, rows.split, strict=True)}
        assert len(pairs) == 60
        assert {part for _, part in pairs} == {0, 1, 2}
    with pytest.raises(ValueError, match=r"2 groups cannot be divided by group; choose --data.split time"):
        series(tmp_path, [30, 30], split="group")


def test_values_and_classes_of_the_same_step_or_of_the_end(tmp_path: Path) -> None:
    data = series(tmp_path, [6, 9, 4, 7, 8, 5], task="regression", targets=["wear"], split="group")
    raw = pl.read_parquet(tmp_path / "table.parquet")
    center, scale = (data.spec["outputs"][name][0] for name in ("center", "scale"))
    assert data.spec["outputs"]["names"] == ["wear"]
    examples, batch = everything(data, "train")
    assert batch.mask.sum() == batch.lengths.sum()
    part = slice(int(examples.starts[0]), int(examples.starts[0] + examples.lengths[0]))
    found = batch.targets[0, : int(batch.lengths[0]), 0] * scale + center
    assert np.allclose(found, raw["wear"][part], atol=1e-5)
    end = series(tmp_path, [6, 9, 4, 7, 8, 5], task="regression", targets=["wear"], at="end", window=5)
    examples, batch = everything(end, "train")
    assert (batch.mask.nonzero()[:, 1] == batch.lengths - 1).all()
    assert sorted(batch.lengths.tolist())[-1] == 5
    labelled = raw.with_columns(kind=pl.col("machine").replace_strict({"m1": "b", "m3": "b"}, default="a"))
    labelled.write_csv(tmp_path / "labelled.csv")
    options: dict[str, Any] = {"group": "machine", "time": "time", "channels": ["load"], "targets": ["kind"]}
    classes = SeriesData(str(tmp_path / "labelled.csv"), task="classification", shares=(1, 1, 0), **options)
    assert classes.spec["classes"] == ["a", "b"]
    examples, batch = everything(classes, "train")
    groups = classes.fitted.of("train").table.group[examples.windows.start]
    assert [int(label) for label in batch.targets[batch.mask]] == [int(group in (1, 3)) for group in groups]

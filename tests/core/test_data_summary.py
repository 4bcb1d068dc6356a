"""What the training data look like: written once when a run begins, checked when it is read, never in the way."""

from __future__ import annotations

import json
import re
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit import data_record, data_summary
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.g2p import G2PData
from seqtoolkit.data.recall import RecallData
from seqtoolkit.data_record import LEVELS, Bins, DataSummary
from seqtoolkit.data_summary import bins, summarise
from tests.core.commands import fit

FEATURES = {
    "task": "series", "num_features": 2, "num_classes": 4, "target": "values",
    "inputs": {"channels": ["speed", "load"], "center": [10.0, 0.0], "scale": [2.0, 1.0]},
    "outputs": {"names": ["speed", "load"], "center": [10.0, 0.0], "scale": [2.0, 1.0]},
}  # fmt: skip


def features(targets: torch.Tensor, count: int = 40, steps: int = 5) -> Batches:
    inputs = torch.arange(count * steps * 2, dtype=torch.float32).reshape(-1, 2)
    mask = torch.zeros(count * steps, dtype=torch.bool)
    mask[steps - 1 :: steps] = True
    return Batches(Examples(torch.full((count,), steps), inputs, targets, mask), 64, seed=0)


def test_recall_has_lags_and_its_classes_in_order() -> None:
    data = RecallData(train_sequences=300, max_lag=16, length=48)
    train = data.train_dataloader()
    found = summarise(data.spec, {"train": train, "val": data.val_dataloader()})
    assert found.splits["train"] == {"examples": 300, "batches": len(train)}
    assert found.splits["val"]["examples"] == len(data.val_dataloader().examples)
    assert (found.lags.low[0], found.lags.high[-1]) == (1, 16)
    assert found.lengths == Bins([48], [48], [300])
    assert list(found.classes) == sorted(found.classes)
    assert sum(found.classes.values()) == sum(found.lags.count) == round(found.supervised * found.sampled)
    shown = found.shown[0]
    assert all((name == "?") == bool(answer) for name, answer in zip(shown.read, shown.asked, strict=True))


def test_pairs_are_shown_with_their_answers_and_all_lengths_count() -> None:
    data = G2PData()
    train = data.train_dataloader()
    began = time.perf_counter()
    found = summarise(data.spec, {"train": train})
    assert time.perf_counter() - began < 2  # 0.02 s on an idle machine
    assert sum(found.lengths.count) == len(train.examples) == found.splits["train"]["examples"]
    assert found.sampled == 1000
    shown = found.shown[0]
    place = shown.read.index("→")
    answer = shown.read[place + 1 :]
    assert shown.asked[place:-1] == answer
    assert shown.asked[-1] == data.codec.end
    assert set(shown.asked[:place]) == {""}


def test_values_are_in_the_user_s_units_and_steps_of_a_forecast_are_one_output() -> None:
    targets = torch.zeros(200, 4)  # two outputs, two steps ahead
    targets[:, 2:] = torch.nan
    found = summarise(FEATURES, {"train": features(targets)})
    speed, load = found.channels
    assert (speed.name, load.name) == ("speed", "load")
    assert len(speed.quantiles) == len(LEVELS)
    assert (speed.quantiles[0], speed.quantiles[-1]) == (10.0, 10.0 + 2 * 398)
    assert [one.name for one in found.outputs] == ["speed", "load"]
    assert found.outputs[0].quantiles == [10.0] * len(LEVELS)
    assert (found.outputs[1].quantiles, found.outputs[1].missing) == ([], 1.0)
    assert list(found.shown[0].values) == ["speed", "load"]
    assert found.shown[0].asked == ["", "", "", "", "10 ?"]


def test_what_is_asked_is_the_next_value_of_each_output() -> None:
    targets = torch.tensor([[1.0, 9.0, 3.0, 9.0]]).repeat(200, 1)  # two outputs, two steps ahead
    center, scale = FEATURES["outputs"]["center"], FEATURES["outputs"]["scale"]
    expected = [1 * scale[0] + center[0], 3 * scale[1] + center[1]]
    for kind in ("values", "quantiles"):
        asked = summarise({**FEATURES, "target": kind}, {"train": features(targets)}).shown[0].asked
        assert list(map(float, asked[-1].split())) == pytest.approx(expected)


def test_what_is_shown_is_drawn_by_chance() -> None:
    found = summarise(FEATURES, {"train": features(torch.zeros(200, 4))})
    first = [one.values["load"][0] for one in found.shown]  # of sequence n: 10 * n + 1
    assert len(set(first)) == len(first) == data_summary.SHOWN
    assert first != sorted(first)


def test_labels_have_shares() -> None:
    targets = torch.tensor([[1.0, 0.0, torch.nan]]).repeat(200, 1)
    found = summarise({"target": "labels", "task": "roll"}, {"train": features(targets)})
    assert found.labels == {"label 1": 1.0, "label 2": 0.0, "label 3": 0.0}
    assert [one.name for one in found.channels] == ["feature 1", "feature 2"]


def test_wide_and_long_sequences_are_sampled_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_summary, "NUMBERS", 200)
    found = summarise(FEATURES, {"train": features(torch.zeros(200, 4))})
    assert found.sampled == data_summary.SHOWN == len(found.shown)


@given(st.lists(st.integers(0, 10**6), max_size=60), st.integers(1, 30))
def test_bins_hold_every_number_once(values: list[int], most: int) -> None:
    found = bins(np.array(values, dtype=np.int64), most)
    assert len(found.count) <= most
    for low, high, count in zip(found.low, found.high, found.count, strict=True):
        assert sum(low <= value <= high for value in values) == count
    assert sum(found.count) == len(values)


def plain() -> dict[str, Any]:
    data = RecallData(train_sequences=64, max_lag=8, length=24)
    value: dict[str, Any] = json.loads(
        json.dumps(summarise(data.spec, {"train": data.train_dataloader()}).to_dict())
    )
    return value


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert data_record.read(tmp_path) is None
    found = summarise(FEATURES, {"train": features(torch.zeros(200, 4))})
    (tmp_path / "data.json").write_text(json.dumps(found.to_dict()))
    assert data_record.read(tmp_path) == found
    assert DataSummary.from_dict(plain()).task == "recall"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema": 2}, "schema 2, expected 1"),
        ({"more": 1}, "unknown fields ['more']"),
        ({"task": 3}, "'task' must be a text"),
        ({"sampled": 0}, "'sampled' must be a whole number, 1 or more"),
        ({"splits": {"train": 3}}, "'splits' has a value that does not belong there"),
        ({"lengths": {"low": [1], "high": [1], "count": []}}, "'lengths' must have a low, a high and a count"),
        ({"lags": {"low": [-1], "high": [1], "count": [1]}}, "'lags' has a value that does not belong there"),
        ({"classes": {"A": 0.5}}, "'classes' has a value"),
        ({"channels": [{"name": "a"}]}, "'channels' must have a name"),
        ({"channels": [{"name": "a", "quantiles": [1.0], "missing": 0.0}]}, "must have 7 quantiles"),
        ({"shown": [{"length": 1}]}, "'shown' must have length"),
        ({"shown": None}, "'shown' has a value"),
    ],
)  # fmt: skip
def test_a_hostile_summary_is_refused_with_a_reason(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        DataSummary.from_dict({**plain(), **fields})


def test_of_the_test_split_only_the_size_is_there_and_data_may_have_none(tmp_path: Path) -> None:
    data = G2PData()
    loaders = {"train": data.train_dataloader(), "val": data.val_dataloader()}
    plain = summarise(data.spec, loaders).to_dict()
    data_summary.store(tmp_path, data.spec, loaders, data.test_dataloader)
    found = data_record.read(tmp_path)
    assert found is not None
    assert found.splits["test"]["examples"] == 12_000
    assert found.to_dict() == plain | {"splits": found.splits}
    lone = tmp_path / "lone"
    lone.mkdir()
    data_summary.store(lone, data.spec, loaders, partial(refused, "no test pairs"))
    other = data_record.read(lone)
    assert other is not None
    assert list(other.splits) == ["train", "val"]


def refused(message: str) -> Batches:
    raise ValueError(message)


def test_training_writes_it_once_and_goes_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert fit(run, "--model.arch", "gru", "--trainer.max_epochs", "1") == 0
    found = data_record.read(run)
    assert found is not None
    assert found.splits["train"]["examples"] == 64
    assert found.splits["val"]["examples"] > 0
    assert found.splits["test"]["examples"] > 0

    def broken(*_: object) -> None:
        raise RuntimeError("no luck")

    monkeypatch.setattr(data_summary, "summarise", broken)
    assert fit(tmp_path / "other", "--model.arch", "gru", "--trainer.max_epochs", "1") == 0
    assert "no page of the data: RuntimeError: no luck" in capsys.readouterr().err
    assert data_record.read(tmp_path / "other") is None


def test_the_notes_of_a_roll_and_the_marks_of_missing_values_have_their_names() -> None:
    spec = {"task": "rolls", "target": "labels", "inputs": {"channels": ["A4", "C5"]}}
    spec["outputs"] = {"names": ["A4", "C5"]}
    found = summarise(spec, {"train": features(torch.ones(200, 2))})
    assert list(found.labels) == ["A4", "C5"]
    masked = {
        **FEATURES,
        "inputs": {"channels": ["load"], "center": [0.0], "scale": [1.0]},
        "masked": ["load"],
    }
    found = summarise(masked, {"train": features(torch.zeros(200, 2))})
    assert [channel.name for channel in found.channels] == ["load", "load known"]
    assert list(found.shown[0].values) == ["load", "load known"]


def test_a_zero_that_was_scaled_and_back_is_a_zero() -> None:
    values = np.array([-3.084e-06, 4.0, 136.0, np.nan])
    found = data_summary._spread("left", values)
    assert (found.quantiles[0], found.quantiles[-1], found.missing) == (0.0, 136.0, 0.25)
    assert data_summary._spread("small", np.array([1e-9, 2e-9])).quantiles[0] == 1e-9
    assert data_summary._spread("none", np.array([np.nan])).quantiles == []

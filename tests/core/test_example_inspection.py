"""Examples of numbers: read again as in training, looked into as symbols are, and refused in one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from seqtoolkit import example_inspection
from seqtoolkit.checkpoint import load
from seqtoolkit.example_inspection import influence_of_steps
from seqtoolkit.example_opening import open_example
from seqtoolkit.gates_inspection import inspect_example_gates
from seqtoolkit.inspection import MAX_ROWS, inspect_example
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.divergence import moved
from tests.core.number_runs import labelled_run, roll_run, series_run


def test_an_example_is_in_the_user_s_units_and_scaled_as_in_training(tmp_path: Path) -> None:
    checkpoint = load(series_run(tmp_path / "run"))
    example = open_example(checkpoint, "val 1")
    table = np.loadtxt(tmp_path / "series.csv", delimiter=",", skiprows=1)
    read = example.read
    assert read.channels == ["heat", "load"]
    places = [start for start in range(600 - 48) if np.allclose(table[start : start + 48, 1:].T, read.values)]
    assert len(places) == 1
    given = checkpoint.described.spec["inputs"]
    scaled = (read.values.T - given["center"]) / given["scale"]
    np.testing.assert_allclose(example.inputs[0], scaled, atol=1e-4)
    np.testing.assert_allclose(read.scaled.T, scaled, atol=1e-4)
    assert read.steps == [str(step) for step in range(1, 49)]


@pytest.mark.parametrize("arch", ["lstm", "attention"])
@pytest.mark.parametrize("write", [series_run, labelled_run, roll_run])
def test_every_kind_of_numbers_is_looked_into(tmp_path: Path, arch: str, write: object) -> None:
    checkpoint = load(write(tmp_path / "run", arch))  # type: ignore[operator]
    example = open_example(checkpoint, "val 2")
    seen, gates = inspect_example(checkpoint, example), inspect_example_gates(checkpoint, example)
    steps = example.inputs.shape[1]
    assert len(seen.inputs) == len(gates.inputs) == steps
    assert seen.influence.shape == (len(seen.rows), steps)
    assert 0 < len(seen.rows) <= MAX_ROWS
    future = np.arange(steps)[None, :] > np.array(seen.positions)[:, None]
    assert (seen.influence[future] == 0).all()
    assert (seen.influence[~future] > 0).mean() > 0.9
    assert len(seen.layers) == len(seen.attention) == (2 if arch == "attention" else 0)
    for weights in seen.attention:
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert len(gates.layers) == (0 if arch == "attention" else 2)
    for layer in gates.layers:
        assert layer.maps["cell"].shape == (16, steps)


def test_a_class_has_one_row_by_its_name(tmp_path: Path) -> None:
    checkpoint = load(labelled_run(tmp_path / "run"))
    seen = inspect_example(checkpoint, open_example(checkpoint, "train 3"))
    assert seen.rows in (["20: up"], ["20: down"])
    assert seen.positions == [19]


@torch.no_grad()
def test_influence_is_the_mean_move_under_the_steps_of_others(tmp_path: Path) -> None:
    checkpoint = load(series_run(tmp_path / "run"))
    example, loss = open_example(checkpoint, "val 0"), Loss.of(checkpoint.described.spec)
    model = checkpoint.model
    assert isinstance(model, SequenceModel)
    found = influence_of_steps(model, example, torch.tensor([30, 40]), loss)
    before = model(example.inputs)[0][0, 40]
    by_hand = []
    for other in example.others:
        changed = example.inputs.clone()
        changed[0, 33] = other[33]
        by_hand.append(float(moved(loss.target, before, model(changed)[0][0, 40])))
    assert found[1, 33] == pytest.approx(np.mean(by_hand), rel=1e-3)
    assert found[0, 33] == 0
    assert not (example.others[:, 33] == example.inputs[0, 33]).all(-1).any()


@pytest.mark.parametrize("arch", ["gru", "attention"])
def test_influence_is_the_same_however_steps_are_put_together(
    tmp_path: Path, arch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = load(series_run(tmp_path / "run", arch))
    example, loss = open_example(checkpoint, "val 0"), Loss.of(checkpoint.described.spec)
    given = (checkpoint.model, example, torch.tensor([3, 30, 46]), loss)
    whole = influence_of_steps(*given)  # type: ignore[arg-type]
    for together in (1, 48 * 8 * 5):
        monkeypatch.setattr(example_inspection, "TOGETHER", together)
        np.testing.assert_allclose(influence_of_steps(*given), whole, rtol=1e-3, atol=1e-8)  # type: ignore[arg-type]
    monkeypatch.setattr(example_inspection, "REPLACED", 2 * 48**2)
    fewer = influence_of_steps(checkpoint.model, replace(example, others=example.others[:2]), *given[2:])  # type: ignore[arg-type]
    np.testing.assert_allclose(influence_of_steps(*given), fewer, rtol=1e-3, atol=1e-8)  # type: ignore[arg-type]
    assert not np.allclose(fewer, whole, rtol=1e-2)


@pytest.mark.parametrize("arch", ["gru", "attention"])
def test_of_a_long_example_the_last_steps_are_those_of_the_whole(
    tmp_path: Path, arch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = load(series_run(tmp_path / "run", arch))
    whole = open_example(checkpoint, "val 1")
    all_gates, everything = inspect_example_gates(checkpoint, whole), inspect_example(checkpoint, whole)
    monkeypatch.setattr("seqtoolkit.example_opening.SHOWN", 10)
    last = open_example(checkpoint, "val 1")
    gates, seen = inspect_example_gates(checkpoint, last), inspect_example(checkpoint, last)
    assert gates.inputs == seen.inputs == [str(step) for step in range(39, 49)]
    assert last.read.values.shape == (2, 10)
    for a, b in zip(gates.layers, all_gates.layers, strict=True):
        np.testing.assert_allclose(a.maps["hidden"], b.maps["hidden"][:, -10:], atol=1e-6)
    rows = [everything.rows.index(row) for row in seen.rows]
    np.testing.assert_allclose(seen.influence, everything.influence[rows, -10:], rtol=1e-3, atol=1e-7)
    for a, b in zip(seen.attention, everything.attention, strict=True):
        np.testing.assert_allclose(a, b[:, rows, -10:], atol=1e-6)


def test_the_first_steps_can_be_asked_for(tmp_path: Path) -> None:
    checkpoint = load(labelled_run(tmp_path / "run"))
    seen = inspect_example(checkpoint, open_example(checkpoint, "val 1 to 7"))
    assert len(seen.inputs) == 7
    assert seen.positions == [6]  # of what is cut before its answer, the last step answers


def test_the_only_example_has_its_own_steps_in_place_of_others(tmp_path: Path) -> None:
    checkpoint = load(labelled_run(tmp_path / "run", val=1))
    example = open_example(checkpoint, "val 0")
    for other in example.others:
        assert other.flatten().sort().values.tolist() == example.inputs.flatten().sort().values.tolist()
    assert (example.others != example.inputs).any()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("phone", r"'phone' names no example, .* such as val 0"),
        ("val 999", r"val has the examples 0 to 11, and no 999"),
        ("val 0 to 21", r"val 0 has 20 steps; expected a last one from 1 to 20, got 21"),
        ("test 0", r"^run has no test examples \(no test sequences: add"),
    ],
)
def test_what_is_no_example_is_refused_in_a_sentence(tmp_path: Path, name: str, message: str) -> None:
    checkpoint = load(labelled_run(tmp_path / "run"))
    with pytest.raises(ValueError, match=message):
        open_example(checkpoint, name)


def test_data_that_have_gone_are_one_error(tmp_path: Path) -> None:
    checkpoint = load(series_run(tmp_path / "run"))
    (tmp_path / "series.csv").unlink()
    with pytest.raises(
        ValueError, match=r"the data of run cannot be read again \(.*series.csv.*put them back"
    ):
        open_example(checkpoint, "val 0")
    (tmp_path / "run" / "config.yaml").unlink()
    with pytest.raises(ValueError, match=r"run keeps no config.yaml"):
        open_example(checkpoint, "val 0")


def test_what_is_too_long_says_how_to_read_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = load(labelled_run(tmp_path / "run"))
    monkeypatch.setattr("seqtoolkit.example_opening.LONGEST", 16)
    with pytest.raises(ValueError, match=r"val 0 has 20 steps, .*; type val 0 to 16 for its first ones"):
        open_example(checkpoint, "val 0")
    assert open_example(checkpoint, "val 0 to 16").inputs.shape[1] == 16
    assert example_inspection.SHOWN == 512

"""Rolls: the next frame is asked, and frames and notes are counted as published."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.batch import Batch
from seqtoolkit.cli import main
from seqtoolkit.data.labelled.frame_quality import FrameQuality
from seqtoolkit.data.labelled.roll_examples import cut_rolls, roll_examples
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.rolls import RollData
from seqtoolkit.losses import Loss
from tests.data.rolls_made import Roll, drawn, save_npz


def sequences(rolls: list[Roll]) -> Sequences:
    names = tuple(f"n{i}" for i in range(rolls[0].shape[1]))
    lengths = np.array([len(roll) for roll in rolls])
    return Sequences("x.npz", lengths, np.concatenate(rolls), names)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "rolls.npz"
    parts = {split: save_npz(path, drawn(i), f"_{split}") for i, split in enumerate(("train", "val", "test"))}
    np.savez(path, **{name: array for part in parts.values() for name, array in part.items()})
    return dict.fromkeys(parts, str(path))


@given(st.lists(st.integers(2, 9), min_size=1, max_size=6), st.integers(0, 9))
def test_each_frame_is_asked_from_the_one_before(lengths: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    rolls = [(random.random((length, 2)) < 0.5).astype(np.float32) for length in lengths]
    batch = roll_examples(sequences(rolls)).collate(torch.arange(len(rolls)))
    for row, roll in enumerate(rolls):
        real = batch.mask[row]
        assert int(real.sum()) == len(roll) - 1 == int(batch.lengths[row])
        np.testing.assert_array_equal(batch.inputs[row, real].numpy(), roll[:-1])
        np.testing.assert_array_equal(batch.targets[row, real].numpy(), roll[1:])
        assert not batch.inputs[row, ~real].any()
    assert batch.inputs.dtype == batch.targets.dtype == torch.float32


@given(st.lists(st.integers(2, 40), min_size=1, max_size=6), st.integers(2, 9))
def test_pieces_are_the_rolls_none_too_long_and_none_of_one_frame(lengths: list[int], most: int) -> None:
    rolls = [np.zeros((length, 1), np.float32) for length in lengths]
    pieces = cut_rolls(sequences(rolls), most)
    assert pieces.lengths.sum() == sum(lengths)
    assert pieces.lengths.min() >= 2
    assert pieces.lengths.max() <= max(most, 3)
    ends = set(pieces.lengths.cumsum().tolist())
    assert set(np.cumsum(lengths).tolist()) <= ends


def test_counts_are_those_of_the_definition() -> None:
    random = np.random.default_rng(0)
    rolls = drawn()
    examples = roll_examples(sequences(rolls))
    shares = np.array([0.2, 0.5, 0.7])
    metric = FrameQuality(len(rolls), shares)
    scores, truth = [], []
    for rows in ([0, 3, 5], [1, 2, 4], list(range(6, 12))):  # whatever the batches
        batch = examples.collate(torch.tensor(rows))
        scores.append(torch.from_numpy(random.normal(size=(int(batch.mask.sum()), 3))))
        truth.append(batch.targets[batch.mask])
        metric.update(None, batch, scores[-1])  # type: ignore[arg-type]
    values = metric.compute()
    z, y = torch.cat(scores), torch.cat(truth)
    assert float(values["frame_nll"]) == pytest.approx(float(Loss("labels")(z, y).mean()), rel=1e-5)
    answer = z > 0
    hits, union = (answer & (y > 0)).sum(), (answer | (y > 0)).sum()
    assert float(values["frame_accuracy"]) == pytest.approx(float(hits / union))
    p = torch.from_numpy(shares)
    unigram = -(y * p.log() + (1 - y) * (1 - p).log()).sum(-1).mean()
    assert float(values["unigram_nll"]) == pytest.approx(float(unigram), rel=1e-6)
    records = {record.measure: record for record in metric.records(values)}
    nll = records["frame_nll"]
    assert nll.skill == pytest.approx(1 - float(values["frame_nll"] / unigram), rel=1e-6)
    assert nll.lower < nll.estimate < nll.upper
    assert (nll.baseline, nll.n, nll.settings["frames"]) == ("note frequencies", 12, len(y))
    assert type(nll).from_dict(json.loads(json.dumps(nll.to_dict()))) == nll


def test_a_part_of_a_split_is_measured_alone() -> None:
    metric = FrameQuality(5, np.array([0.5]))
    assert metric.records({"table": metric.table}) == []
    ones = torch.ones(1, 2, 1)
    batch = Batch(ones, torch.tensor([2]), ones, torch.ones(1, 2, dtype=torch.bool), index=torch.tensor([3]))
    metric.update(None, batch, torch.full((2, 1), 100.0))  # type: ignore[arg-type]
    nll, accuracy = metric.records(metric.compute())
    assert (nll.n, accuracy.estimate) == (1, 1.0)


def test_a_spec_says_what_a_checkpoint_needs(files: dict[str, str]) -> None:
    data = RollData(**files)
    assert json.loads(json.dumps(data.spec)) == data.spec
    assert (data.spec["num_features"], data.spec["num_classes"], data.spec["target"]) == (3, 3, "labels")
    train = np.concatenate(drawn(0))
    np.testing.assert_allclose(data.spec["shares"], (train.sum(0) + 1) / (len(train) + 2))
    assert len(data.spec["files"]["train"]) == 64


def test_impossible_choices(files: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no train rolls: add --data.train FILE"):
        RollData()
    with pytest.raises(ValueError, match=r"batch_size is 0 and max_frames 256"):
        RollData(**files, batch_size=0)
    other = tmp_path / "other.npz"
    np.savez(other, x=np.zeros((2, 4, 5)))
    with pytest.raises(
        ValueError, match=r"other.npz has 5 notes, and in training there were 3: '4' was not there"
    ):
        RollData(train=files["train"], val=str(other)).val_dataloader()
    with pytest.raises(ValueError, match=r"no test rolls: add --data.test FILE"):
        RollData(train=files["train"]).test_dataloader()
    with pytest.raises(ValueError, match=r"nothing to predict: add --data.inputs FILE"):
        RollData(**files).predict_dataloader()


def test_the_command_line_trains_tests_and_predicts(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given_files = [word for split, path in files.items() for word in (f"--data.{split}", path)]
    run = tmp_path / "run"
    small = [
        "--model.d_model",
        "8",
        "--trainer.max_steps",
        "2",
        "--trainer.log_every_n_steps",
        "1",
        "--trainer.enable_progress_bar",
        "false",
    ]
    assert (
        main(["fit", "--data", "RollData", *given_files, "--model.arch", "gru", *small, "--run", str(run)])
        == 0
    )
    best = str(run / "checkpoints" / "best.ckpt")
    assert main(["test", "--ckpt_path", best, "--trainer.enable_progress_bar", "false"]) == 0
    printed = capsys.readouterr().out
    assert "skill [95 %]" in printed
    assert "frame_nll (" in printed
    stored = json.loads((run / "probes" / "best" / "quality.json").read_text())
    assert [record["measure"] for record in stored["records"]] == ["frame_nll", "frame_accuracy"]
    np.savez(tmp_path / "mine.npz", x=np.ones((2, 1, 3)), channels=np.array(["3", "1", "2"]))
    Path(files["train"]).unlink()  # the checkpoint knows
    capsys.readouterr()
    asked = ["--data.inputs", str(tmp_path / "mine.npz"), "--format", "jsonl"]
    assert main(["predict", "--ckpt_path", best, *asked]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["roll"] for row in rows] == [1, 2]
    assert set(rows[0]) == {"roll", "notes", "probabilities"}

"""Texts, labelled texts and tagged words by the ordinary commands; `predict` needs nothing but the checkpoint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.checkpoint import load
from seqtoolkit.cli import main
from seqtoolkit.data.texts.streams import Streams
from seqtoolkit.runs import read_probe

WORDS = ("the cat", "a dog", "one bird")
QUIET = "--trainer.enable_progress_bar false --trainer.log_every_n_steps 1".split()
TINY = "--model.arch gru --model.d_model 8 --model.num_layers 1 --trainer.max_steps 3".split()
FILES = {
    "TextData": ("a.txt", "".join(f"{WORDS[number % 3]} ran {number}.\n" for number in range(200))),
    "LabelledTextData": (
        "a.csv",
        "text,label\n"
        + "".join(f"{WORDS[number % 3]} {number},{'xy'[number % 2]}\n" for number in range(80)),
    ),
    "TaggedData": (
        "a.conll",
        "\n".join(
            f"{WORDS[number % 3].replace(' ', ' DT{0}', 1)} NN\n{number} CD\n" for number in range(80)
        ).replace("{0}", "\n"),
    ),
}
MORE = {"TextData": ["--data.window", "16", "--data.batch_size", "8"]}
BASELINES = {"TextData": "unigram", "LabelledTextData": "majority class", "TaggedData": "majority class"}
COLUMNS = {
    "TextData": {"prompt", "continuation"},
    "LabelledTextData": {"text", "label", "probability"},
    "TaggedData": {"sentence", "tags"},
}


@pytest.mark.parametrize("kind", FILES)
def test_fit_test_and_predict(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name, content = FILES[kind]
    file, run = tmp_path / name, tmp_path / "run"
    file.write_text(content)
    data = ["--data", kind, "--data.file", str(file), *MORE.get(kind, [])]
    assert main(["fit", *data, *TINY, "--trainer.max_epochs", "-1", *QUIET, "--run", str(run)]) == 0
    best = ["--ckpt_path", str(run / "checkpoints" / "best.ckpt")]
    capfd.readouterr()
    assert main(["test", *best, *QUIET]) == 0
    printed = capfd.readouterr().out
    assert "skill [95 %]" in printed
    records = (read_probe(run, "best", "quality.json") or {})["records"]
    assert all(
        one["baseline"] and one["skill_lower"] <= one["skill"] <= one["skill_upper"] for one in records
    )
    assert BASELINES[kind] in {one["baseline"] for one in records}
    assert all(one["baseline"] in printed for one in records)
    file.unlink()
    asked, answers = tmp_path / "asked.txt", tmp_path / "answers.jsonl"
    asked.write_text("the cat\na zebra ran\n")
    command = ["predict", *best, "--data.inputs", str(asked), "--output", str(answers), "--format", "jsonl"]
    assert main(command) == 0
    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    assert [set(row) for row in rows] == [COLUMNS[kind]] * 2
    first = answers.read_text()
    assert main(command) == 0
    assert answers.read_text() == first


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the middle of an epoch: the same windows, and the state that was carried to them."""
    name, content = FILES["TextData"]
    (tmp_path / name).write_text(content)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = ["--data", "TextData", "--data.file", str(tmp_path / name), *MORE["TextData"], *TINY[:-2], *QUIET]
    words += ["--trainer.max_steps", "8", "--trainer.max_epochs", "-1", "--trainer.val_check_interval", "4"]
    window = Streams._window

    def kept(self: Streams, number: int, *parts: Tensor) -> Batch:
        if number == 6 and self.seed is not None and not killed.exists():
            shutil.copytree(
                whole, killed
            )  # what a kill would leave: the checkpoint of the validation at step 4
        return window(self, number, *parts)

    monkeypatch.setattr(Streams, "_window", kept)
    assert main(["fit", *words, "--run", str(whole)]) == 0
    assert main(["fit", "--ckpt_path", str(killed / "checkpoints" / "last.ckpt"), "--run", str(killed)]) == 0
    ended = [load(run / "checkpoints" / "last.ckpt") for run in (whole, killed)]
    assert [one.step for one in ended] == [8, 8]
    for one, other in zip(*(one.model.state_dict().values() for one in ended), strict=True):
        assert torch.equal(one, other)

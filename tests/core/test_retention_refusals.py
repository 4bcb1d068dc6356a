"""What `seqtoolkit retention` cannot measure, and what it is asked wrongly, is said in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from seqtoolkit.retention import decoding_report
from seqtoolkit.retention.capacity import ImpossibleCapacity
from tests.core.commands import fit
from tests.core.measuring import DATA, MODEL, SMALL, failed, measure, stored


def test_a_checkpoint_without_data(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = tmp_path / "alone.ckpt"
    shutil.copy(run / "checkpoints" / "best.ckpt", alone)
    assert "recall: " in failed(capsys, alone, *DATA)
    line = failed(capsys, alone, "--protocols", "truncation")
    assert "has no data (no config.yaml of a run beside it), and recall and truncation need it" in line
    assert measure(alone, "--no_twin") == 0
    shown = capsys.readouterr()
    assert "left out recall" in shown.err
    assert "left out truncation" in shown.err
    assert "is not in a run folder" in shown.err
    assert "gradient" in shown.out
    assert not (tmp_path / "probes").exists()


def edit_config(run: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    edit(config)
    (run / "config.yaml").write_text(yaml.safe_dump(config))


def test_data_that_is_not_that_of_the_checkpoint(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_config(run, lambda config: config["data"]["init_args"].update(num_symbols=5))
    assert "holds another model (vocab_size: the checkpoint has 30" in failed(capsys, run, *DATA)
    edit_config(run, lambda config: config["data"].update(class_path="os.system"))
    assert "data names 'os.system', which would be imported" in failed(capsys, run, *DATA)
    edit_config(run, lambda config: config["data"].update(class_path="seqtoolkit.data.recall.grid"))
    assert "'seqtoolkit.data.recall.grid' is no data" in failed(capsys, run, *DATA)
    edit_config(run, lambda config: config["data"].update(class_path="seqtoolkit.data.recall.Gone"))
    assert "there is no data 'seqtoolkit.data.recall.Gone'" in failed(capsys, run, *DATA)
    (run / "config.yaml").write_text("- 1")
    assert "not a configuration that seqtoolkit wrote" in failed(capsys, run, *DATA)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--protocols decodng", "unknown protocol 'decodng': did you mean 'decoding'?"),
        (
            "--protocols decodng,x",
            "the protocols are decoding, gradient, influence, recall, truncation, timescale",
        ),
        ("--protocols ,", "unknown protocol ''"),
        (
            "--lags 1:24 --steps 24",
            "lag 24 lies beyond sequences of 24 steps; use lags up to 23, or --steps 25 or more",
        ),
        ("--lags 1,x", "expected such as 1,2,4,8 or 1:128, found 'x'"),
        ("--lags -1", "expected such as 1,2,4,8 or 1:128, found '-1'"),
        ("--lags 5:1", "names no lag"),
        ("--sequences 0", "--sequences 0: expected 1 or more"),
        ("--steps 1", "--steps 1: expected 2 or more"),
        ("--seeds 0", "--seeds 0: expected 1 or more"),
        ("--part middle", "argument --part: invalid choice: 'middle'"),
        ("--nonsense", "unrecognized arguments: --nonsense; `seqtoolkit retention --help`"),
        ("--part decoder", "a SequenceModel has no part 'decoder'"),
        (
            "--protocols truncation --sequences 20",
            "20 sequences with targets are too few for an interval; at least 30",
        ),
        (
            "--protocols gradient --sequences 20",
            "gru/best: gradient: 20 sequences are too few for an interval",
        ),
        ("--device nowhere", "--device nowhere: "),
    ],
)
def test_a_mistake_is_one_line(
    words: str, message: str, recalling: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in failed(capsys, recalling, *words.split(), small=["--progress", "none"])


def test_a_capacity_above_the_rank_is_one_line(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where a protocol that cannot be measured would be left out: this one says that something is wrong."""

    def impossible(*_: object) -> None:
        raise ImpossibleCapacity("a memory capacity of 9 exceeds the rank 8")

    monkeypatch.setattr(decoding_report, "memory_capacity", impossible)
    assert "gru/best: decoding: a memory capacity of 9 exceeds" in failed(capsys, run, "--no_twin")


def test_what_a_model_does_not_have_is_not_counted_as_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An rnn has no gates, so no time constants: said once, whatever is stored, and nothing is tried again."""
    run = tmp_path / "rnn"
    assert fit(run, "--model.arch", "rnn", *MODEL) == 0
    words = [str(run), "--protocols", "gradient,timescale", "--no_twin"]
    assert "rnn/best: timescale: RNN traces hidden and no 'retention'" in failed(capsys, *words)
    assert stored(run) == []
    assert measure(run, "--no_twin") == 0
    assert capsys.readouterr().err.count("left out timescale: RNN traces hidden and no 'retention'") == 1
    assert measure(run, "--no_twin", small=[*SMALL[:-1], "lines"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("rnn/best: 9 of 9 measurements are stored and reused")
    assert [line.split(":")[1] for line in told[1:]] == [" left out timescale"]


def test_a_model_that_diverged(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    weights["state_dict"]["model.embedding.weight"] *= float("nan")
    torch.save(weights, run / "checkpoints" / "best.ckpt")
    assert "are not finite: its weights have diverged" in failed(capsys, run)

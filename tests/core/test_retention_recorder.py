"""Horizons against the step of training: logged at validations, every so often, and across a resumption."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from seqtoolkit.cli import main
from seqtoolkit.retention_recorder import RetentionRecorder
from seqtoolkit.runs import read_metrics, read_run
from tests.core.commands import fit, losses

RECORD = """
    --model.arch gru --trainer.val_check_interval 2 --retention.protocols gradient,truncation --retention.steps 24
    --retention.sequences 40 --retention.lags 1,2,4,8
""".split()
NAMES = [f"retention/{p}_horizon{s}" for p in ("gradient", "truncation") for s in ("", "_lower", "_upper")]


def recorded(run: Path) -> dict[int, dict[str, float]]:
    rows = read_metrics(run)
    return {int(row["step"]): {n: row[n] for n in NAMES if n in row} for row in rows if NAMES[0] in row}


def test_horizons_are_logged_and_training_is_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_it, without = tmp_path / "with", tmp_path / "without"
    assert fit(with_it, *RECORD, "--data.val_per_lag", "10") == 0
    error = capsys.readouterr().err
    assert "retention: 8 measurements of gradient, truncation took" in error
    assert "% of the training" in error
    found = recorded(with_it)
    assert len(found) == 8
    for row in read_metrics(with_it):
        if NAMES[0] in row:
            assert row["retention/gradient_horizon_censored"] in (0.0, 1.0)
            assert row["retention/seconds"] > 0 < row["retention/share"] < 1
    for values in found.values():
        assert list(values) == NAMES
        assert values[NAMES[1]] <= values[NAMES[0]] <= values[NAMES[2]]
    assert NAMES[0] in read_run(with_it).metrics
    assert fit(without, *RECORD[:4], "--data.val_per_lag", "10") == 0
    assert losses(with_it) == losses(without)
    assert recorded(without) == {}
    best = with_it / "checkpoints" / "best.ckpt"
    assert torch.serialization.get_unsafe_globals_in_checkpoint(best) == []
    assert main(["test", "--ckpt_path", str(best)]) == 0


def test_a_resumed_run_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        *RECORD,
        "--retention.every",
        "5",
        "--retention.protocols",
        "gradient",
        "--lr_scheduler",
        "ConstantLR",
    ]
    part, whole = tmp_path / "part", tmp_path / "whole"
    assert fit(part, *words, "--trainer.max_epochs", "1") == 0
    assert fit(whole, *words) == 0
    last = str(part / "checkpoints" / "last.ckpt")
    capsys.readouterr()
    assert main(["fit", "--ckpt_path", last, "--trainer.max_epochs", "2"]) == 0
    assert "retention: 3 measurements of gradient took" in capsys.readouterr().err
    assert recorded(part) == recorded(whole)
    steps = sorted(recorded(whole))
    assert all(b - a >= 5 for a, b in itertools.pairwise(steps))
    assert len(steps) == 3


def test_what_cannot_be_measured_does_not_end_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tmp_path / "run", *RECORD, "--retention.sequences", "8", "--trainer.max_epochs", "1") == 0
    assert "retention: gradient at step 2: 8 sequences are too few" in capsys.readouterr().err
    assert recorded(tmp_path / "run") == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--retention.protocols gradeint", "unknown protocol 'gradeint': did you mean 'gradient'?"),
        ("--retention.protocols recall", "logged at every validation as val/horizon"),
        ("--retention.lags 1:200", "lag 200 lies beyond sequences of 128 steps"),
        ("--retention.every 0", "retention.every is 0; expected 1 or more"),
    ],
)
def test_a_mistake_is_one_line(
    words: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tmp_path / "run", "--model.arch", "gru", *words.split()) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_nothing_is_kept_of_a_recorder_that_does_nothing() -> None:
    assert RetentionRecorder().state_dict() == {}

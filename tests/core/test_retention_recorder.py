"""Horizons against the step of training: logged at validations, every so often, and across a resumption."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from seqtoolkit import retention_recorder
from seqtoolkit.cli import main
from seqtoolkit.retention import decoding_report
from seqtoolkit.retention.capacity import ImpossibleCapacity
from seqtoolkit.retention.record import Record
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


@pytest.mark.parametrize(("seconds", "every"), [(0.4, None), (0.6, 6), (1.0, 9), (100.0, 900), (123.4, 2000)])
def test_a_dear_measurement_is_said_once_and_early_with_what_to_type(
    seconds: float, every: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    """A step of training takes a second, and two of them come before the first measurement."""
    clock.measurement = seconds
    assert fit(tmp_path / "run", *RECORD, "--retention.protocols", "gradient") == 0
    share = f"{seconds / (2 + seconds):.0%} of the training so far"
    said = f"retention: a measurement takes {seconds:.1f} s, {share}; --retention.every {every}"
    error = capsys.readouterr().err
    assert error.count("of the training so far") == (every is not None)
    assert (f"{said} would make that about 10%\n" in error) == (every is not None)


class Clock:
    """Time that passes when a step is trained, by a second, and when something is measured."""

    def __init__(self) -> None:
        self.now, self.measurement = 1.0, 0.0

    def perf_counter(self) -> float:
        return self.now

    def train(self, *_: object) -> None:
        self.now += 1

    def measure(self, *_: object) -> list[Record]:
        self.now += self.measurement
        return [Record("gradient", "log10 norm", [1], [0.0], [0.0], [0.0], [0.0], [40])]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(retention_recorder, "time", clock)
    monkeypatch.setattr(RetentionRecorder, "on_train_batch_start", clock.train)
    monkeypatch.setattr(RetentionRecorder, "_measure", clock.measure)
    return clock


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


@pytest.fixture
def pairs(tmp_path: Path) -> list[str]:
    """Return what trains a model with an encoder for a moment, and measures both of its halves."""
    file = tmp_path / "pairs.tsv"
    file.write_text("".join(f"{number:o}\t{number:o}\n" for number in range(64, 900)))
    model = "--data PairsData --model.arch gru --model.encoder gru --model.d_model 16 --model.num_layers 1"
    rest = "--trainer.max_steps 4 --trainer.val_check_interval 2 --trainer.log_every_n_steps 1"
    return [
        *model.split(),
        *rest.split(),
        "--trainer.enable_progress_bar=false",
        *RECORD[4:],
        "--data.file",
        str(file),
    ]


@pytest.mark.parametrize("part", ["decoder", "encoder"])
def test_a_half_of_a_model_with_an_encoder_is_measured(
    part: str, pairs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--retention.part", part, "--model.bidirectional", "false"]
    assert fit(tmp_path / "run", *words, base=pairs) == 0
    assert "retention: 2 measurements of gradient, truncation took" in capsys.readouterr().err
    found = recorded(tmp_path / "run")
    assert len(found) == 2
    assert all(list(values) == NAMES for values in found.values())


def test_the_decoder_is_measured_when_no_half_is_named(pairs: list[str], tmp_path: Path) -> None:
    assert fit(tmp_path / "named", "--retention.part", "decoder", base=pairs) == 0
    assert fit(tmp_path / "usual", base=pairs) == 0
    assert recorded(tmp_path / "named") == recorded(tmp_path / "usual") != {}


def test_a_half_that_is_not_there_is_refused_before_training(
    pairs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(tmp_path / "run", "--retention.part", "encoder", base=pairs) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "the encoder reads from both ends" in line
    assert fit(tmp_path / "other", *RECORD, "--retention.part", "encoder") == 2
    assert "a SequenceModel has no part 'encoder'" in capsys.readouterr().err.strip().splitlines()[-1]
    assert not list(tmp_path.glob("*/checkpoints/*"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ImpossibleCapacity("a memory capacity of 9 exceeds the rank 8"),
            "a memory capacity of 9 exceeds the rank 8",
        ),
        (KeyError("retention"), "KeyError('retention')"),
    ],
)
def test_an_instrument_that_fails_says_so_once_and_training_goes_on(
    error: Exception,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(decoding_report, "memory_capacity", fails)
    words = ["--retention.protocols", "decoding,gradient", "--retention.sequences", "128"]
    assert fit(tmp_path / "run", *RECORD, *words, "--trainer.max_epochs", "1") == 0
    shown = capsys.readouterr().err
    assert shown.count(f"retention: decoding at step 2: {said}\n") == 1
    assert shown.count("retention: decoding at step") == 1
    assert len(recorded(tmp_path / "run")) == 4  # the other one is measured all the same
    assert read_run(tmp_path / "run").status == "finished"

"""Training leaves a whole run, is the same on two processes, and ends in one line where it cannot go on."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from seqtoolkit import checkpoint
from seqtoolkit.cli import main
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import read_probe, read_run
from tests.core.commands import TINY, assert_same, fit, losses, seqtoolkit, weights

ARCHITECTURES = ["rnn", "lstm", "gru", "attention"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 16 steps in two epochs."""
    run = tmp_path_factory.mktemp("trained") / "whole"
    assert fit(run, "--model.arch", "lstm", "--model.arch_config.forget_bias", "2") == 0
    return run


def test_a_run_folder_is_whole(trained: Path) -> None:
    run = read_run(trained)
    assert (run.status, run.arch, run.task, run.step, run.seed) == ("finished", "lstm", "recall", 16, 0)
    assert run.plugin.startswith("seqtoolkit ")
    assert run.record["arch_config"] == {"forget_bias": 2.0}
    assert run.parameters == sum(p.numel() for p in checkpoint.load(run.checkpoints[0]).model.parameters())
    assert {"train/loss", "val/loss", "val/recall_accuracy", "train/steps_per_second"} <= run.metrics.keys()
    assert [path.name for path in run.checkpoints] == ["best.ckpt", "last.ckpt"]
    assert sorted(losses(trained)) == list(range(16))
    assert sorted(p.name for p in trained.iterdir()) == [
        "checkpoints", "config.yaml", "data.json", "metrics.jsonl", "run.json", "run.lock",
    ]  # fmt: skip


def test_the_checkpoint_is_safe_and_names_its_step(trained: Path) -> None:
    path = trained / "checkpoints" / "last.ckpt"
    assert torch.serialization.get_unsafe_globals_in_checkpoint(path) == []
    assert checkpoint.load(path).step == 16


def test_the_written_configuration_repeats_the_run(trained: Path, tmp_path: Path) -> None:
    config = yaml.safe_load((trained / "config.yaml").read_text())
    assert config["model"]["arch_config"] == {"forget_bias": 2.0}
    assert main(["fit", "--config", str(trained / "config.yaml"), "--run", str(tmp_path / "again")]) == 0
    assert losses(tmp_path / "again") == losses(trained)
    assert_same(weights(tmp_path / "again"), weights(trained))


def test_evaluation_is_stored_with_the_checkpoint(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("validate", "test"):
        assert main([command, "--ckpt_path", str(trained / "checkpoints" / "best.ckpt")]) == 0
    run = read_run(trained)
    assert run.status == "finished"
    assert 0 <= run.metrics["test/recall_accuracy"] <= 1
    probe = read_probe(trained, "best")
    assert probe is not None
    (record,) = [Record.from_dict(value) for value in probe["records"]]
    assert record.protocol == "recall"
    assert record.n == [6] * len(record.lags)
    assert max(record.lags) == 32
    assert all(
        low <= x <= high for low, x, high in zip(record.lower, record.estimate, record.upper, strict=True)
    )


def test_a_checkpoint_away_from_its_run(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = tmp_path / "copied.ckpt"
    shutil.copy(trained / "checkpoints" / "best.ckpt", copied)
    words = [
        "--data",
        "RecallData",
        "--data.num_symbols",
        "3",
        "--data.test_per_lag",
        "4",
        "--data.max_lag",
        "8",
    ]
    assert main(["test", "--ckpt_path", str(copied), *words]) == 0
    assert "is not in a run folder" in capsys.readouterr().err


def test_part_of_a_split_is_not_stored(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = read_run(trained).metrics
    best = str(trained / "checkpoints" / "best.ckpt")
    assert main(["test", "--ckpt_path", best, "--trainer.limit_test_batches", "1"]) == 0
    assert "only a part of the split" in capsys.readouterr().err
    assert read_run(trained).metrics == before


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--model.arch", "rnn", "--optimizer.lr", "1e38", "--trainer.gradient_clip_val", "null"]
    assert fit(tmp_path / "a", *words) == 2
    assert "try a lower --optimizer.lr" in capsys.readouterr().err
    assert read_run(tmp_path / "a").status == "crashed"


def test_another_logger(tmp_path: Path) -> None:
    words = ["--trainer.logger", "CSVLogger", "--trainer.logger.save_dir", str(tmp_path / "csv")]
    assert fit(tmp_path / "a", "--model.arch", "rnn", *words) == 0
    assert list((tmp_path / "csv").rglob("metrics.csv"))
    assert losses(tmp_path / "a")


def test_two_processes_are_one(tmp_path: Path) -> None:
    """The same loss, step by step, as one process on the same global batches; files are written once."""
    words = [*TINY, "--model.arch", "lstm"]
    assert main(["fit", *words, "--run", str(tmp_path / "one")]) == 0
    two = [*words, "--trainer.devices", "2", "--trainer.strategy", "ddp", "--trainer.accelerator", "cpu"]
    done = seqtoolkit("fit", *two, "--run", str(tmp_path / "two"))
    assert done.returncode == 0, done.stderr
    one_, two_ = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert two_.keys() == one_.keys()
    assert max(abs(one_[step] - two_[step]) for step in one_) < 1e-4
    run = read_run(tmp_path / "two")
    assert (run.status, run.record["devices"]) == ("finished", 2)
    lines = (tmp_path / "two" / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == len((tmp_path / "one" / "metrics.jsonl").read_text().splitlines())
    ones = read_run(tmp_path / "one").metrics
    for name in ("val/loss", "val/token_accuracy", "val/recall_accuracy"):
        assert run.metrics[name] == pytest.approx(ones[name], abs=1e-4), name
    for name, value in weights(tmp_path / "one").items():
        torch.testing.assert_close(weights(tmp_path / "two")[name], value, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_bf16_mixed_trains(tmp_path: Path, arch: str) -> None:
    assert fit(tmp_path / "a", "--model.arch", arch, "--trainer.precision", "bf16-mixed") == 0
    assert fit(tmp_path / "b", "--model.arch", arch) == 0
    mixed, full = losses(tmp_path / "a"), losses(tmp_path / "b")
    assert mixed != full  # the heads and projections are in bfloat16
    assert max(abs(mixed[step] - full[step]) for step in full) < 0.05
    assert read_run(tmp_path / "a").record["precision"] == "bf16-mixed"
    assert {value.dtype for value in weights(tmp_path / "a").values()} <= {torch.float32}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["32-true", "16-mixed", "bf16-mixed"])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_gpu(tmp_path: Path, arch: str, precision: str) -> None:
    words = ["--model.arch", arch, "--trainer.accelerator", "gpu", "--trainer.precision", precision]
    assert fit(tmp_path / "a", *words) == 0


def test_two_runs_into_one_folder(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(trained, "--model.arch", "lstm") == 2
    assert "holds a run already" in capsys.readouterr().err
    assert read_run(trained).status == "finished"


def test_a_full_disk_is_one_line_and_nothing_is_lost(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the checkpoint does not fit, run.json does."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from seqtoolkit.cli import main; import seqtoolkit.training_cli\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); sys.exit(main(sys.argv[1:]))"
    )
    words = ["fit", *TINY, "--model.arch", "lstm", "--run", str(tmp_path / "a")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 2
    assert "File too large" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    run = read_run(tmp_path / "a")
    assert run.status == "crashed"
    assert "File too large" in run.error
    assert not run.checkpoints
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert fit(tmp_path / "file" / "run", "--model.arch", "lstm") == 2
    assert "file" in capsys.readouterr().err

"""A run goes on from a checkpoint: to the weights of one that never stopped, and never as another model than asked."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from seqtoolkit import checkpoint
from seqtoolkit.cli import main
from seqtoolkit.resume import harmless
from seqtoolkit.runs import read_metrics, read_run
from tests.core.commands import TINY, assert_same, fit, losses, weights


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 16 steps in two epochs."""
    run = tmp_path_factory.mktemp("trained") / "whole"
    assert fit(run, "--model.arch", "lstm", "--model.arch_config.forget_bias", "2") == 0
    return run


def test_resuming_a_finished_run_changes_nothing(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = read_run(trained)
    assert main(["fit", "--ckpt_path", str(trained / "checkpoints" / "last.ckpt")]) == 0
    assert "is finished; to train on, raise --trainer.max_epochs" in capsys.readouterr().err
    assert read_run(trained) == before


def test_training_on_keeps_the_best_wherever_the_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative folder, then moved: the best score is remembered, and best.ckpt replaced only by a better one."""
    monkeypatch.chdir(tmp_path)
    assert fit(Path("runs/a"), "--model.arch", "gru", "--trainer.max_epochs", "4") == 0
    Path("runs/a").rename("moved")
    best = Path("moved/checkpoints/best.ckpt")
    step, score = checkpoint.load(best).step, min(validations(Path("moved")).values())
    words = ["--optimizer.lr", "1.0", "--trainer.max_epochs", "6"]
    assert main(["fit", "--ckpt_path", "moved/checkpoints/last.ckpt", *words]) == 0
    after = min(loss for at, loss in validations(Path("moved")).items() if at >= 32)
    assert read_run(Path("moved")).step == 48
    assert (checkpoint.load(best).step == step) == (after >= score)


def validations(run: Path) -> dict[int, float]:
    return {int(row["step"]): row["val/loss"] for row in read_metrics(run) if "val/loss" in row}


def test_other_data_is_refused_before_anything_is_written(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last, before = trained / "checkpoints" / "last.ckpt", (trained / "config.yaml").read_bytes()
    for verb in ("fit", "test"):
        assert main([verb, "--ckpt_path", str(last), "--data.num_symbols", "5"]) == 2
        assert "vocab_size: the checkpoint has" in capsys.readouterr().err
    assert (trained / "config.yaml").read_bytes() == before
    assert read_run(trained).status == "finished"


def test_another_architecture_is_refused(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    last = str(trained / "checkpoints" / "last.ckpt")
    before = Path(last).read_bytes()
    assert main(["fit", "--ckpt_path", last, "--model.arch", "gru", "--model.arch_config", "{}"]) == 2
    assert "arch: the checkpoint has 'lstm', you ask for 'gru'" in capsys.readouterr().err
    assert main(["fit", "--ckpt_path", last, "--model.d_model", "32"]) == 2
    assert "d_model: the checkpoint has 16, you ask for 32" in capsys.readouterr().err
    assert Path(last).read_bytes() == before
    assert read_run(trained).status == "finished"


def test_a_strangers_configuration_imports_nothing(trained: Path, tmp_path: Path) -> None:
    """`--ckpt_path` alone reads the run's config.yaml; what would import something is refused or left out."""
    run = tmp_path / "stranger"
    shutil.copytree(trained, run)
    config = yaml.safe_load((run / "config.yaml").read_text())
    best = str(run / "checkpoints" / "best.ckpt")
    config["trainer"]["callbacks"] = [{"class_path": "evil.Callback"}]
    config["trainer"]["logger"] = {"class_path": "evil.Logger"}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert main(["test", "--ckpt_path", best]) == 0  # left out
    for section, value in {
        "data": {"class_path": "this.That"},
        "optimizer": {"class_path": "evil.Optimizer"},
        "lr_scheduler": {
            "class_path": "torch.optim.lr_scheduler.LambdaLR",
            "init_args": {"lr_lambda": "os.system"},
        },
    }.items():
        (run / "config.yaml").write_text(yaml.safe_dump({**config, section: value}))
        with pytest.raises(ValueError, match="if you trust it, add --config"):
            harmless(run / "config.yaml")
    assert main(["test", "--ckpt_path", best]) == 2


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    words = [*TINY, "--model.arch", "rnn", "--trainer.max_epochs", "-1", "--trainer.max_time", "00:00:02:00"]
    process = subprocess.Popen(
        [sys.executable, "-m", "seqtoolkit", "fit", *words, "--run", str(tmp_path / "a")],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    deadline = time.time() + 120
    while not (tmp_path / "a" / "checkpoints" / "last.ckpt").exists() and time.time() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "go on with: seqtoolkit fit --ckpt_path" in error
    assert "Traceback" not in error
    assert (read_run(tmp_path / "a").status, read_run(tmp_path / "a").error) == ("crashed", "interrupted")


def test_a_kill_in_mid_training_loses_nothing_that_was_logged(tmp_path: Path) -> None:
    """kill -9, then resume: the same weights, to the last bit, as a run that was never killed."""
    words = [*TINY, "--model.arch", "gru", "--trainer.max_epochs", "6", "--trainer.val_check_interval", "4"]
    words += ["--model.dropout", "0.2"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main(["fit", *words, "--run", str(whole)]) == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "seqtoolkit", "fit", *words, "--run", str(killed)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    deadline = time.time() + 120
    while len(losses(killed)) < 14 and time.time() < deadline and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    logged = losses(killed)
    assert 14 <= len(logged) < 48
    assert read_run(killed).status == "crashed"
    assert main(["fit", "--ckpt_path", str(killed / "checkpoints" / "last.ckpt")]) == 0
    assert read_run(killed).status == "finished"
    assert {step: losses(killed)[step] for step in logged} == logged
    assert losses(killed) == losses(whole)
    assert_same(weights(killed), weights(whole))

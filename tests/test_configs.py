"""Every configuration is short, trains with every architecture, and is named in the README."""

from pathlib import Path

import pytest

from seqtoolkit.cli import main
from seqtoolkit.runs import read_run

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_short_and_known(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 25
    assert f"configs/{path.name}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("arch", ["rnn", "lstm", "gru", "attention"])
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_trains(path: Path, arch: str, tmp_path: Path) -> None:
    words = ["--model.arch", arch, "--trainer.max_steps", "2", "--trainer.limit_val_batches", "1"]
    quiet = [
        "--trainer.enable_progress_bar",
        "false",
        "--trainer.max_epochs",
        "-1",
        "--run",
        str(tmp_path / "run"),
    ]
    assert main(["fit", "--config", str(path), *words, *quiet]) == 0
    run = read_run(tmp_path / "run")
    assert (run.status, run.arch, run.step) == ("finished", arch, 2)
    assert run.checkpoints[0].stem == "best"

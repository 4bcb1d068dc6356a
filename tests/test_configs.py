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


def architectures(path: Path) -> list[str]:
    """Every architecture; with an encoder, where any two go together by their own laws, two of them."""
    return ["rnn", "attention"] if "encoder:" in path.read_text() else ["rnn", "lstm", "gru", "attention"]


@pytest.mark.parametrize(
    ("path", "arch"), [pytest.param(p, a, id=f"{p.stem}-{a}") for p in CONFIGS for a in architectures(p)]
)
def test_trains(path: Path, arch: str, tmp_path: Path) -> None:
    words = ["--model.arch", arch, "--trainer.max_steps", "2", "--trainer.limit_val_batches", "1"]
    if path.stem == "pairs":  # of the user's own
        (tmp_path / "pairs.tsv").write_text("".join(f"{n}\t{n}{n}\n" for n in range(8000)))
        words += ["--data.file", str(tmp_path / "pairs.tsv")]
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

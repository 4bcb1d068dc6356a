"""Every configuration is short, trains with every architecture, and is named in the README."""

from pathlib import Path

import numpy as np
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


def own_files(config: str, folder: Path) -> list[str]:
    """Write what a configuration for the user's own files needs; return the options that name it."""
    random = np.random.default_rng(0)
    if config == "pairs":
        (folder / "pairs.tsv").write_text("".join(f"{n}\t{n}{n}\n" for n in range(8000)))
        return ["--data.file", str(folder / "pairs.tsv")]
    if config == "text":
        (folder / "x.txt").write_text("".join(f"{n} and {n}.\n" for n in range(8000)))
        return ["--data.file", str(folder / "x.txt")]
    if config == "labelled_text":
        (folder / "x.csv").write_text(
            "text,label\n" + "".join(f"{'so ' * 20}{n},{n % 2}\n" for n in range(4000))
        )
        return ["--data.file", str(folder / "x.csv")]
    if config == "tagged":
        (folder / "x.conll").write_text("".join("the DT\n" * 20 + f"{n} CD\n\n" for n in range(4000)))
        return ["--data.file", str(folder / "x.conll")]
    if config == "series":
        rows = [f"{time},{value:.3f}" for time, value in enumerate(random.normal(size=16_000))]
        (folder / "x.csv").write_text("\n".join(["time,load", *rows]))
        return ["--data.file", str(folder / "x.csv"), "--data.time", "time"]
    if config == "mnist1d":
        np.savez(folder / "x.npz", x=random.normal(size=(400, 5)), y=random.integers(0, 10, 400))
        return ["--data.train", str(folder / "x.npz")]
    if config == "rolls":
        np.savez(folder / "x.npz", x=random.integers(0, 2, (200, 5, 8)))
        return ["--data.train", str(folder / "x.npz"), "--data.val", str(folder / "x.npz")]
    return []


@pytest.mark.parametrize(
    ("path", "arch"), [pytest.param(p, a, id=f"{p.stem}-{a}") for p in CONFIGS for a in architectures(p)]
)
def test_trains(path: Path, arch: str, tmp_path: Path) -> None:
    words = ["--model.arch", arch, "--trainer.max_steps", "2", "--trainer.limit_val_batches", "1"]
    words += own_files(path.stem, tmp_path)
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

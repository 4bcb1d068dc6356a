"""`seqtoolkit test` on two processes measures what one process measures: every scalar, and every stored curve."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from seqtoolkit.cli import main
from seqtoolkit.runs import read_probe, read_run
from tests.core.commands import seqtoolkit

WORDS = """
    --data PairsData --model.arch gru --model.encoder gru --model.attention dot --model.d_model 16 --model.num_layers 1
    --trainer.max_steps 4 --trainer.enable_progress_bar false --trainer.log_every_n_steps 1
""".split()
TWO = "--trainer.devices 2 --trainer.strategy ddp --trainer.accelerator cpu".split()


def test_two_processes_measure_what_one_does(tmp_path: Path) -> None:
    """An odd number of sources, so that one process has a row fewer; the curves are written once."""
    pairs = tmp_path / "pairs.tsv"
    lines = [f"{number:x}\t{number % 7:x}{number:x}" for number in range(3, 3 + 71 * 37, 37)]
    pairs.write_text("".join(f"{line}\t0-1\n" for line in lines))
    files = [f"--data.{split}={pairs}" for split in ("train", "val", "test")]
    one, two = tmp_path / "one", tmp_path / "two"
    assert main(["fit", *WORDS, *files, "--run", str(one)]) == 0
    shutil.copytree(one, two)
    words = ["--beams", "2", "--trainer.enable_progress_bar", "false", "--ckpt_path"]
    assert main(["test", *words, str(one / "checkpoints" / "best.ckpt")]) == 0
    done = seqtoolkit("test", *TWO, *words, str(two / "checkpoints" / "best.ckpt"))
    assert done.returncode == 0, done.stderr

    measured = [
        {name: value for name, value in read_run(run).metrics.items() if name.startswith("test/")}
        for run in (one, two)
    ]
    assert len(measured[0]) > 5
    assert measured[1] == pytest.approx(measured[0], rel=1e-5, abs=1e-6)
    for probe in ("length.json", "alignment.json"):
        assert _numbers(read_probe(two, "best", probe)) == pytest.approx(
            _numbers(read_probe(one, "best", probe)), rel=1e-4, abs=1e-5
        )


def _numbers(value: Any, place: str = "") -> dict[str, float]:
    """Return every number inside, by where it stands."""
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    else:
        return {place: float(value)} if isinstance(value, int | float) else {}
    return {at: number for key, one in inside for at, number in _numbers(one, f"{place}/{key}").items()}

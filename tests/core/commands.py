"""Run the command line on tasks small enough for a test, and read what it has left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch

from seqtoolkit import checkpoint
from seqtoolkit.cli import main
from seqtoolkit.runs import read_metrics

TINY = """
    --data RecallData --data.max_lag 8 --data.length 24 --data.num_symbols 3 --data.batch_size 8
    --data.train_sequences 64 --data.val_per_lag 4 --data.test_per_lag 6 --model.d_model 16 --model.num_layers 1
    --trainer.max_epochs 2 --trainer.enable_progress_bar false --trainer.log_every_n_steps 1
""".split()
TINY_G2P = """
    --data G2PData --model.d_model 16 --model.num_layers 1 --trainer.max_steps 4 --trainer.limit_val_batches 1
    --trainer.enable_progress_bar false
""".split()


def fit(run: Path, *words: str, base: list[str] = TINY) -> int:
    """Train in this process; return the exit status."""
    return main(["fit", *base, "--run", str(run), *words])


def seqtoolkit(*words: str, text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "seqtoolkit", *words]
    env = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(command, input=text, capture_output=True, text=True, env=env, timeout=240)


def weights(run: Path, name: str = "last") -> dict[str, torch.Tensor]:
    """Return the weights of a checkpoint."""
    return checkpoint.load(run / "checkpoints" / f"{name}.ckpt").model.state_dict()


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    """Require weights to be equal bit for bit."""
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def losses(run: Path) -> dict[int, float]:
    """Return the training loss of each step that was logged."""
    return {int(row["step"]): row["train/loss"] for row in read_metrics(run) if "train/loss" in row}

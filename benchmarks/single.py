"""What the benchmarks of one model at a time share: a training that is done once, and the test split decoded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import machine  # noqa: F401  (before torch)
import numpy as np
from jobs import CONFIGS
from numpy.typing import NDArray

from seqtoolkit import checkpoint
from seqtoolkit.beam import answer
from seqtoolkit.data.pairing.base import PairData
from seqtoolkit.data.pairing.scoring import counts
from seqtoolkit.runs import Run, read_run

Counts = NDArray[np.int64]


def seqtoolkit(*words: str) -> None:
    """Run one command on all cores; its own messages say what is wrong with it, and end this script."""
    if failed := subprocess.run([sys.executable, "-m", "seqtoolkit", *words], stdout=sys.stderr).returncode:
        raise SystemExit(failed)


def trained(path: Path, task: str, *words: str) -> Run:
    """Train by the configuration of a task unless that was done, and read what was measured."""
    if read_run(path).status != "finished":
        seqtoolkit("fit", "--config", str(CONFIGS / f"{task}.yaml"), "--run", str(path), *words)
    return read_run(path)


def minutes(run: Run) -> float:
    """Return how long a training took, from its first step to its last, with validation."""
    return ((run.finished or 0.0) - (run.created or 0.0)) / 60


def decoded(run: Path, data: PairData, beams: int, most: int | None = None) -> tuple[Counts, Counts]:
    """Decode the first `most` test sources by the best checkpoint; return their lengths (N,) and counts (N, K).

    `seqtoolkit.data.pairing.scoring.counts` says what is counted.
    """
    found, asked = checkpoint.load(run / "checkpoints" / "best.ckpt"), data.references("test")
    codec = found.codec
    prompts = [codec.encode(source) for source in asked.sources[:most]]
    best = answer(found.model, prompts, codec.end_class, data.max_steps, codec.offset, beams)
    answers = ["".join(map(chr, hypotheses[0].tokens)) for hypotheses in best]
    return np.array(asked.lengths[:most]), counts(answers, asked.classes[:most], asked.answers[:most], codec)

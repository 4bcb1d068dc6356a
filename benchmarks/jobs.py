"""What demo and article share: models trained and tested by the ordinary commands, two at a time, each on one core."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from seqtoolkit.runs import read_run

CONFIGS = Path(__file__).parent.parent / "configs"
_QUIET = ("--trainer.enable_progress_bar", "false")


@dataclass(frozen=True)
class Job:
    """One model to train and test."""

    path: Path  # its run folder
    task: str  # the configuration, by its stem
    arch: str
    seconds: int  # of training
    options: tuple[str, ...] = ()  # more words for `fit`; a checkpoint remembers them

    @property
    def best(self) -> Path:
        """The checkpoint that is measured."""
        return self.path / "checkpoints" / "best.ckpt"


def run_all(jobs: Iterable[Job], do: Callable[[Job], str]) -> list[str]:
    """Do jobs two at a time; return what went wrong, one message for each job that failed."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return [message for message in pool.map(do, jobs) if message]


def train_and_test(job: Job) -> str:
    """Train and test one model unless that was done; return what went wrong, or nothing."""
    if "test/loss" in read_run(job.path).metrics:
        print(f"{job.path}: there already, used again (remove the folder to train anew)", flush=True)
        return ""
    return train(job) or seqtoolkit(job, "test", "--ckpt_path", str(job.best), *_QUIET)


def train(job: Job) -> str:
    """Train from the beginning, or go on where something interrupted has left off, unless that was done."""
    if read_run(job.path).status == "finished":
        return ""
    last = job.path / "checkpoints" / "last.ckpt"
    if not last.exists():
        _set_aside(job.path)
    print(f"{job.path}: training for {job.seconds} s", flush=True)
    begin = ["--config", str(CONFIGS / f"{job.task}.yaml"), *job.options]
    start = ["--ckpt_path", str(last)] if last.exists() else begin
    minutes, seconds = divmod(job.seconds, 60)
    budget = ["--trainer.max_time", f"00:00:{minutes:02d}:{seconds:02d}", "--trainer.max_epochs", "-1"]
    return seqtoolkit(job, "fit", *start, "--model.arch", job.arch, *budget, "--run", str(job.path), *_QUIET)


def seqtoolkit(job: Job, *words: str) -> str:
    """Run one command on one core, its output to a file; return the end of it when it fails."""
    log = job.path.with_name(f"{job.path.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "seqtoolkit", *words]
    with log.open("ab") as file:
        done = subprocess.run(command, stdout=file, stderr=file, env={**os.environ, "OMP_NUM_THREADS": "1"})
    tail = log.read_text(errors="replace").splitlines()[-3:]
    return (
        f"{job.path}: `seqtoolkit {words[0]}` failed ({log}): {' / '.join(tail)}" if done.returncode else ""
    )


def _set_aside(path: Path) -> None:
    """Keep what an interrupted run has left, under another name: it has no checkpoint to go on from."""
    if path.exists():
        path.rename(path.with_name(f"{path.name}-interrupted-{time.strftime('%Y%m%d-%H%M%S')}"))

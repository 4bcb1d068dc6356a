"""What demo and article share: models trained and tested by the ordinary commands, two at a time, each on one core."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock
from typing import Literal

import torch

from seqtoolkit.cli import main
from seqtoolkit.runs import read_run

CONFIGS = Path(__file__).parent.parent / "configs"
_READY = multiprocessing.get_context("forkserver")  # of what every command imports, which takes seconds
_READY.set_forkserver_preload(["seqtoolkit.training_cli", "seqtoolkit.retention_command"])
_TURN = Lock()  # whoever starts a command asks after those that run, and a status can be read once only
_QUIET = ("--trainer.enable_progress_bar", "false")


@dataclass(frozen=True)
class Budget:
    """How long a model is trained: in seconds of the clock, or in steps, which are the same on a busy machine."""

    amount: int
    unit: Literal["seconds", "steps"]

    def __str__(self) -> str:
        return f"{self.amount:,} {self.unit}"

    @property
    def words(self) -> list[str]:
        """What `fit` is told."""
        minutes, seconds = divmod(self.amount, 60)
        limit = {
            "seconds": ["--trainer.max_time", f"00:00:{minutes:02d}:{seconds:02d}"],
            "steps": ["--trainer.max_steps", str(self.amount), "--trainer.max_time", "null"],
        }
        return [*limit[self.unit], "--trainer.max_epochs", "-1"]


@dataclass(frozen=True)
class Job:
    """One model to train and test."""

    path: Path  # its run folder
    task: str  # the configuration, by its stem
    arch: str
    budget: Budget
    options: tuple[str, ...] = ()  # more words for `fit`; a checkpoint remembers them

    @property
    def best(self) -> Path:
        """The checkpoint that is measured."""
        return self.path / "checkpoints" / "best.ckpt"


def run_all(jobs: Iterable[Job], do: Callable[[Job], str]) -> list[str]:
    """Do jobs two at a time; return what went wrong, one message for each job that failed."""

    def done(job: Job) -> str:
        try:
            return do(job)
        except (
            OSError,
            ValueError,
        ) as error:  # such as a run folder that is damaged: the others are done all the same
            return f"{job.path}: {error}"

    with ThreadPoolExecutor(max_workers=2) as pool:
        return [message for message in pool.map(done, jobs) if message]


def train_and_test(job: Job) -> str:
    """Train and test one model unless that was done; return what went wrong, or nothing."""
    if _trained(job) and "test/loss" in read_run(job.path).metrics:
        print(f"{job.path}: there already, used again (remove the folder to train anew)", flush=True)
        return ""
    return train(job) or seqtoolkit(job, "test", "--ckpt_path", str(job.best), *_QUIET)


def train(job: Job) -> str:
    """Train from the beginning, or go on where something interrupted has left off, unless that was done."""
    if _trained(job):
        return ""
    last = job.path / "checkpoints" / "last.ckpt"
    if not last.exists() or read_run(job.path).status == "finished":
        _set_aside(job.path)
    print(f"{job.path}: training for {job.budget}", flush=True)
    begin = ["--config", str(CONFIGS / f"{job.task}.yaml"), *job.options]
    start = ["--ckpt_path", str(last)] if last.exists() else begin
    told = [*start, "--model.arch", job.arch, *job.budget.words, "--run", str(job.path), *_QUIET]
    return seqtoolkit(job, "fit", *told)


def seqtoolkit(job: Job, *words: str) -> str:
    """Run one command on one core, its output to a file; return the end of it when it fails."""
    log = job.path.with_name(f"{job.path.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = _READY.Process(target=_run, args=(log, words))
    with _TURN:
        command.start()
    wait([command.sentinel])
    with _TURN:
        command.join()
    tail = log.read_text(errors="replace").splitlines()[-3:]
    return (
        f"{job.path}: `seqtoolkit {words[0]}` failed ({log}): {' / '.join(tail)}" if command.exitcode else ""
    )


def _run(log: Path, words: Sequence[str]) -> None:
    """Be `seqtoolkit` with these words."""
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    torch.set_num_threads(1)
    sys.exit(main(list(words)))


def _trained(job: Job) -> bool:
    """Say whether a run has ended, after as many steps as are asked for now."""
    run = read_run(job.path)
    return run.status == "finished" and (job.budget.unit == "seconds" or run.step == job.budget.amount)


def _set_aside(path: Path) -> None:
    """Keep, under another name, what cannot be gone on with: no checkpoint was left, or another budget has ended."""
    if path.exists():
        path.rename(path.with_name(f"{path.name}-before-{time.strftime('%Y%m%d-%H%M%S')}"))

"""The demo: four architectures learn to pronounce words and to recall symbols; one table says who remembered.

`make demo` runs it. Two jobs run at a time, each on one core; what is there already is used again. A job is three
ordinary commands: `seqtoolkit fit`, `seqtoolkit test` on the best checkpoint, and `seqtoolkit runs` to read it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from seqtoolkit.runs import Run, read_run
from seqtoolkit.runs_command import recall_records, table

ARCHITECTURES = ["rnn", "lstm", "gru", "attention"]
SECONDS = {"g2p": 60, "recall": 40}  # training time of each model
COLUMNS = ("architecture", "parameters", "phoneme errors", "word errors", "steps/s", "recall horizon [95 %]")


@dataclass(frozen=True)
class Job:
    """One model to train and test."""

    task: str
    arch: str
    seconds: int
    path: Path


def main() -> int:
    """Train and test what is missing, then print the table."""
    options = _options()
    began = time.perf_counter()
    jobs = [
        Job(task, arch, min(seconds, options.seconds), options.runs / f"demo-{task}-{arch}")
        for task, seconds in SECONDS.items()
        for arch in options.architectures
    ]
    with ThreadPoolExecutor(max_workers=2) as pool:
        failures = [message for message in pool.map(_do, jobs) if message]
    print(f"\n{table([COLUMNS, *(_row(options.runs, arch) for arch in options.architectures)])}\n")
    print(
        f"{len(jobs)} models in {time.perf_counter() - began:.0f} s, each trained on one core for at most a minute."
    )
    print(
        "Errors: on 12,000 test words. Recall horizon: the longest lag (steps) at which a symbol is still recalled."
    )
    for message in failures:
        print(message, file=sys.stderr)
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs (default: runs)")
    parser.add_argument(
        "--seconds", type=int, default=60, help="train no model longer than this (default: 60)"
    )
    parser.add_argument("--architectures", nargs="+", default=ARCHITECTURES, help="(default: all four)")
    return parser.parse_args()


def _do(job: Job) -> str:
    """Train and test one model unless that was done; return what went wrong, or nothing."""
    if _tested(job.path):
        print(f"{job.path}: there already, used again (remove the folder to train anew)", flush=True)
        return ""
    return _train(job) or _seqtoolkit(job, "test", "--ckpt_path", str(job.path / "checkpoints" / "best.ckpt"))


def _train(job: Job) -> str:
    """Train from the beginning, or go on where an interrupted demo has left off."""
    if read_run(job.path).status == "finished":
        return ""
    last = job.path / "checkpoints" / "last.ckpt"
    if not last.exists():
        _set_aside(job.path)
    print(f"{job.path}: training for {job.seconds} s", flush=True)
    start = ["--ckpt_path", str(last)] if last.exists() else ["--config", f"configs/{job.task}.yaml"]
    budget = ["--trainer.max_time", f"00:00:00:{job.seconds:02d}", "--trainer.max_epochs", "-1"]
    return _seqtoolkit(job, "fit", *start, "--model.arch", job.arch, *budget, "--run", str(job.path))


def _tested(path: Path) -> bool:
    return "test/loss" in read_run(path).metrics


def _set_aside(path: Path) -> None:
    """Keep what an interrupted run has left, under another name: it has no checkpoint to go on from."""
    if path.exists():
        path.rename(path.with_name(f"{path.name}-interrupted-{time.strftime('%Y%m%d-%H%M%S')}"))


def _seqtoolkit(job: Job, *words: str) -> str:
    """Run one command on one core, its output to a file; return the end of it when it fails."""
    log = job.path.with_name(f"{job.path.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "seqtoolkit", *words, "--trainer.enable_progress_bar", "false"]
    with log.open("ab") as file:
        done = subprocess.run(command, stdout=file, stderr=file, env={**os.environ, "OMP_NUM_THREADS": "1"})
    tail = log.read_text(errors="replace").splitlines()[-3:]
    return (
        f"{job.path}: `seqtoolkit {words[0]}` failed ({log}): {' / '.join(tail)}" if done.returncode else ""
    )


def _row(runs: Path, arch: str) -> tuple[str, ...]:
    g2p, recall = (read_run(runs / f"demo-{task}-{arch}") for task in SECONDS)
    horizon = next((str(record.horizon) for record in recall_records(recall)), "-")
    return (arch, f"{g2p.parameters or 0:,}", *_errors(g2p), horizon)


def _errors(run: Run) -> tuple[str, str, str]:
    per, wer, speed = (
        run.metrics.get(f"{name}") for name in ("test/per", "test/wer", "train/steps_per_second")
    )
    share = [f"{100 * value:.1f} %" if value is not None else "-" for value in (per, wer)]
    return (*share, f"{speed:.1f}" if speed is not None else "-")  # type: ignore[return-value]


if __name__ == "__main__":
    raise SystemExit(main())

"""The demo: four architectures learn to pronounce words and to recall symbols; one table says who remembered.

`make demo` runs it. Two jobs run at a time, each on one core; what is there already is used again. A job is three
ordinary commands: `seqtoolkit fit`, `seqtoolkit test` on the best checkpoint, and `seqtoolkit runs` to read it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from seqtoolkit.runs import Run, read_run
from seqtoolkit.runs_command import recall_records, table

ARCHITECTURES = ("rnn", "lstm", "gru", "attention")
BUDGET = {"g2p": "00:00:01:00", "recall": "00:00:00:40"}  # training time of each model
COLUMNS = ("architecture", "parameters", "phoneme errors", "word errors", "steps/s", "recall horizon [95 %]")
RUNS = Path(os.environ.get("RUNS", "runs"))


def main() -> int:
    """Train and test what is missing, then print the table."""
    began = time.perf_counter()
    jobs = [(task, arch) for task in BUDGET for arch in ARCHITECTURES]
    with ThreadPoolExecutor(max_workers=2) as pool:
        failures = [message for message in pool.map(_job, jobs) if message]
    print(f"\n{table([COLUMNS, *map(_row, ARCHITECTURES)])}\n")
    print(
        f"{len(jobs)} models in {time.perf_counter() - began:.0f} s; G2P errors on 12,000 test words, trained 1 minute"
    )
    print(
        "on one core; recall horizon: the longest lag at which most stored symbols are still recalled, in steps."
    )
    for message in failures:
        print(message, file=sys.stderr)
    return 1 if failures else 0


def _job(job: tuple[str, str]) -> str:
    """Train and test one model unless that was done; return what went wrong, or nothing."""
    task, arch = job
    path = RUNS / f"demo-{task}-{arch}"
    best, last = path / "checkpoints" / "best.ckpt", path / "checkpoints" / "last.ckpt"
    if _tested(path):
        print(f"{path}: there already, used again (remove the folder to train anew)")
        return ""
    if read_run(path).status != "finished":
        if not last.exists():
            _set_aside(path)
        print(f"{path}: training for {BUDGET[task]}", flush=True)
        start = ["--ckpt_path", str(last)] if last.exists() else ["--config", f"configs/{task}.yaml"]
        choice = ["--model.arch", arch, "--trainer.max_time", BUDGET[task], "--trainer.max_epochs", "-1"]
        if message := _seqtoolkit(path, "fit", *start, *choice, "--run", str(path)):
            return message
    return _seqtoolkit(path, "test", "--ckpt_path", str(best))


def _tested(path: Path) -> bool:
    return "test/loss" in read_run(path).metrics


def _set_aside(path: Path) -> None:
    """Keep what an interrupted run has left, under another name: it has no checkpoint to go on from."""
    if path.exists():
        path.rename(path.with_name(f"{path.name}-interrupted-{time.strftime('%Y%m%d-%H%M%S')}"))


def _seqtoolkit(path: Path, *words: str) -> str:
    """Run one command on one core, its output to a file; return the end of it when it fails."""
    log = path.with_name(f"{path.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "seqtoolkit", *words, "--trainer.enable_progress_bar", "false"]
    with log.open("ab") as file:
        done = subprocess.run(command, stdout=file, stderr=file, env={**os.environ, "OMP_NUM_THREADS": "1"})
    tail = log.read_text(errors="replace").splitlines()[-3:]
    return f"{path}: `seqtoolkit {words[0]}` failed ({log}): {' / '.join(tail)}" if done.returncode else ""


def _row(arch: str) -> tuple[str, ...]:
    g2p, recall = (read_run(RUNS / f"demo-{task}-{arch}") for task in BUDGET)
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

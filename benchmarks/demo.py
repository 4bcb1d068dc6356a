"""The demo: four architectures learn to pronounce words and to recall symbols; one table says who remembered.

`make demo` runs it. Two jobs run at a time, each on one core; what is there already is used again. A job is three
ordinary commands: `seqtoolkit fit`, `seqtoolkit test` on the best checkpoint, and `seqtoolkit runs` to read it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from jobs import Budget, Job, run_all, train_and_test

from seqtoolkit.runs import Run, read_run
from seqtoolkit.runs_command import recall_records, table

ARCHITECTURES = ["rnn", "lstm", "gru", "attention"]
SECONDS = {"g2p": 60, "recall": 40}  # training time of each model
COLUMNS = ("architecture", "parameters", "phoneme errors", "word errors", "steps/s", "recall horizon [95 %]")


def main() -> int:
    """Train and test what is missing, then print the table."""
    options = _options()
    began = time.perf_counter()
    jobs = [
        Job(
            options.runs / f"demo-{task}-{arch}",
            task,
            arch,
            Budget(min(seconds, options.seconds), "seconds"),
        )
        for task, seconds in SECONDS.items()
        for arch in options.architectures
    ]
    failures = run_all(jobs, train_and_test)
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

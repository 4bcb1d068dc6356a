"""The jobs of a comparison in their order, each skipped when it is done already. Imports no torch.

First short runs, of which the validation split chooses a learning rate; then a run for each architecture and seed; when
all have ended, each is tested once; then what they remember and what they cost is measured.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path

from seqtoolkit import retention_store
from seqtoolkit.compare.plan import Work, command
from seqtoolkit.compare.quality import BEST, measured
from seqtoolkit.compare.runs import chosen_rate, cost_of, finished, first_runs, look, status_of
from seqtoolkit.compare.submit import Submit
from seqtoolkit.runs import Run

Skipped = Mapping[
    str, Mapping[str, str]
]  # {architecture: {what could not be measured when it was tried: why}}
STEP = "time of a step"


@dataclass(frozen=True)
class Job:
    """One command, for one run."""

    title: str
    run: Path
    command: list[str]

    @property
    def log(self) -> Path:
        """The file that its output is added to."""
        return self.run.with_name(f"{self.run.name}.log")


def do_all(jobs: Iterable[Job], submit: Submit, ended: Callable[[Job, str], None]) -> None:
    """Submit jobs, and as each ends, say so with what went wrong ("" when all went well)."""
    waiting: dict[Future[int], Job] = {}
    for job in jobs:
        waiting[submit(job.command, job.log)] = job
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            job = waiting.pop(future)
            status = future.result()
            ended(job, "" if status == 0 else _why(job.log, status))


def trials(work: Work) -> list[Job]:
    """Return the short runs by which a learning rate is chosen; none where there is one rate only."""
    if len(work.rates) < 2:
        return []
    budget = work.budget.part(work.options.rate_share, work.plan.steps_in_epoch)
    return [
        Job(f"{arch}, learning rate {rate:g}, tried", run, work.fit(run, arch, rate, 0, budget))
        for arch in work.options.architectures
        for rate in work.rates
        if to_train(run := work.tried(arch, rate), work.options.retry)
    ]


def trainings(work: Work) -> list[Job]:
    """Return the runs that are compared and are not finished, seed by seed."""
    chosen = {arch: chosen_rate(work, arch) for arch in work.options.architectures}
    return [
        Job(f"{arch}, seed {seed}, trained", run, work.fit(run, arch, rate, seed, work.budget))
        for seed in work.seeds
        for arch, rate in chosen.items()
        if rate is not None and to_train(run := work.run(arch, rate, seed), work.options.retry)
    ]


def tests(work: Work) -> list[Job]:
    """Return the tests of finished runs that have none; where there is no test split, they are validated."""
    return [
        Job(
            f"{arch}, seed {seed}, tested",
            run.path,
            command(
                "test" if work.plan.split == "test" else "validate",
                f"--config={work.config(arch)}",
                f"--ckpt_path={run.path / 'checkpoints' / 'best.ckpt'}",
                f"--run={run.path}",
                "--trainer.enable_progress_bar=false",
            ),
        )
        for arch, seed, run in finished(work)
        if not measured(run.path, work.plan.split)
    ]


def horizons(work: Work, skipped: Skipped) -> list[Job]:
    """Return the horizons of runs that are not measured: by decoding; of recall, the test has done it."""
    if work.plan.task == "recall":
        return []
    return [
        job
        for arch, seed, run in finished(work)
        for job in _measured(work, arch, seed, run, "decoding", skipped)
    ]


def memories(work: Work, skipped: Skipped) -> list[Job]:
    """Return the memory need of the data that is not measured: with the first run of each architecture."""
    if work.plan.encoder:
        return []
    runs = first_runs(work).items()
    return [
        job for arch, run in runs for job in _measured(work, arch, run.seed or 0, run, "truncation", skipped)
    ]


def _measured(work: Work, arch: str, seed: int, run: Run, protocol: str, skipped: Skipped) -> list[Job]:
    """Return a job unless a protocol is stored, or could not be measured when it was tried."""
    stored = {one.protocol for one in retention_store.read(run.path, BEST)}
    if protocol in stored or protocol in skipped.get(arch, {}):
        return []
    return [Job(f"{arch}, seed {seed}, {protocol}", run.path, _retention(work, run.path, protocol))]


def costs(work: Work, skipped: Skipped) -> list[Job]:
    """Return the measurement of time and state of one run of each architecture, unless it is stored, or failed."""
    found = []
    for arch, run in first_runs(work).items():
        if cost_of(run.path).get("steps") != work.plan.history and STEP not in skipped.get(arch, {}):
            words = [sys.executable, "-m", "seqtoolkit.compare.cost", str(run.path), str(work.plan.history)]
            found.append(Job(f"{arch}, {STEP}", run.path, words))
    return found


def to_train(path: Path, retry: bool) -> bool:
    """Say whether a run is to be trained (on); what cannot go on is set aside."""
    status, _ = status_of(look(path))
    if status == "finished" or (status == "failed" and not retry):
        return False
    if path.exists() and (status == "failed" or not (path / "checkpoints" / "last.ckpt").exists()):
        path.rename(path.with_name(f"{path.name}-set-aside-{time.strftime('%Y%m%d-%H%M%S')}"))
    return True


def _retention(work: Work, run: Path, protocol: str) -> list[str]:
    lags = work.plan.lags
    steps = ["--steps", str(2 * lags[-1] + 2)]
    cheap = [
        "--lags",
        ",".join(map(str, lags)),
        "--sequences",
        str(work.options.sequences),
        "--seeds",
        "1",
        "--no_twin",
    ]
    return command(
        "retention", str(run), "--protocols", protocol, "--split", "val", *cheap, *steps, "--progress", "none"
    )


def _why(log: Path, status: int) -> str:
    """Return the last line of a log, or how its process ended."""
    if status < 0:
        return f"ended by signal {-status} ({log})"
    lines = log.read_text(errors="replace").split("\n") if log.is_file() else []
    last = next((line.strip() for line in reversed(lines) if line.strip()), f"exit status {status}")
    return f"{last[:400]} ({log})"

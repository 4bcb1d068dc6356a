"""`seqtoolkit compare`: which architecture serves this data? All trained alike, measured, and one is recommended.

Every job is a command of its own; what is finished is not done again, so the same command goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from seqtoolkit.compare import jobs, store
from seqtoolkit.compare.jobs import Job, do_all
from seqtoolkit.compare.options import Options, parse
from seqtoolkit.compare.plan import Plan, Request, Work, asked, check_same
from seqtoolkit.compare.results import collect
from seqtoolkit.compare.submit import Submit, local
from seqtoolkit.compare.table import report


def main(argv: list[str]) -> int:
    """Compare architectures; 0 when all was trained and measured, 1 when something failed, 2 when asked wrongly."""
    try:
        options = parse(argv)
        with store.held(options.out), _stoppable(), local(options.jobs, options.threads) as submit:
            found, failed = compare(options, submit)
    except (ValueError, OSError) as error:
        print(f"seqtoolkit compare: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; what was trained is kept: the same command goes on from there", file=sys.stderr)
        raise
    print(json.dumps(found, ensure_ascii=False, indent=1) if options.json else report(found))
    return 1 if failed else 0


def compare(options: Options, submit: Submit) -> tuple[dict[str, Any], bool]:
    """Do what is missing and return the content of compare.json, and whether something failed.

    Raises ValueError: the folder holds another comparison, or the configuration cannot be compared.
    """
    work = Work(options.out, options, _plan(options, submit))
    session = Session(work, submit)
    try:
        session.run()
    except BaseException as error:
        session.write("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    found = session.write("finished")
    seeds = [seed for one in found["architectures"] for seed in one["seeds"]]
    return found, any(seed["quality"] is None for seed in seeds)


@dataclass
class Session:
    """One call of the command: what failed in it, and what could not be measured, now or before."""

    work: Work
    submit: Submit
    failures: dict[Path, str] = field(default_factory=dict)
    skipped: dict[str, dict[str, str]] = field(default_factory=dict)
    load: float | None = None
    done: int = 0

    def run(self) -> None:
        """Do stage after stage; each begins when the one before has ended."""
        self._recall()
        work = self.work
        self._stage(jobs.trials(work), self._failed)
        self._stage(jobs.trainings(work), self._failed)
        self._stage(jobs.tests(work), self._failed)
        self._stage(jobs.horizons(work, self.skipped), self._left_out)  # one process at a time holds a run:
        self._stage(jobs.memories(work, self.skipped), self._left_out)  # so these two wait for each other
        for job in jobs.costs(work, self.skipped):  # one by one: two at a time would slow each other
            self._stage([job], self._left_out)

    def write(self, status: str) -> dict[str, Any]:
        """Write compare.json and return its content."""
        found = collect(self.work, status, self.failures, self.skipped, self.load)
        store.write(self.work.folder, found)
        return found

    def _recall(self) -> None:
        """Take over what is known of an earlier call and is in no run."""
        self.load = round(os.getloadavg()[0], 1)
        try:
            before = store.read(self.work.folder) or {}
            self.load = before["settings"]["load"] if before else self.load
            for one in before.get("architectures", []) if not self.work.options.retry else []:
                self.skipped[str(one["arch"])] = {str(k): str(v) for k, v in one["skipped"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):  # damaged: written anew
            self.skipped = {}

    def _stage(self, found: list[Job], ended: Callable[[Job, str], None]) -> None:
        total = len(found)
        self.done = 0

        def end(job: Job, error: str) -> None:
            self.done += 1
            print(
                f"[{self.done}/{total}] {job.title}{f': failed: {error}' if error else ''}", file=sys.stderr
            )
            if error:
                ended(job, error)
            self.write("running")

        do_all(found, self.submit, end)

    def _failed(self, job: Job, error: str) -> None:
        self.failures[job.run] = error

    def _left_out(self, job: Job, error: str) -> None:
        arch, what = job.title.split(",")[0], job.title.split(", ")[-1]
        self.skipped.setdefault(arch, {})[what] = error


def _plan(options: Options, submit: Submit) -> Plan:
    """Return the plan of the folder, made or completed where that is needed.

    Raises ValueError: it began otherwise, or what was asked for is impossible.
    """
    plan, again = Plan.read(options.out), asked(options)
    if plan is not None:
        check_same(options.out, plan, again)
        if set(options.architectures) <= set(plan.widths):
            return plan
    known = [] if plan is None else list(plan.widths)
    request = Request(
        config=str(options.config),
        words=list(options.words),
        architectures=list(dict.fromkeys([*known, *options.architectures])),
        asked=again,
        has_budget=bool(str(options.budget)),
        reference=None if plan is None else plan.reference,
    )
    words = [
        sys.executable,
        "-m",
        "seqtoolkit.compare.prepare",
        str(options.out),
        json.dumps(asdict(request)),
    ]
    errors: list[str] = []
    do_all([Job("prepared", options.out / "prepare", words)], submit, lambda _, error: errors.append(error))
    made = Plan.read(options.out)
    if errors[0] or made is None:
        raise ValueError(errors[0].removeprefix("seqtoolkit compare: "))
    return made


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM stop the comparison as a Ctrl-C does, jobs included."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt

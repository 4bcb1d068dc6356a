"""How far a measurement has come, on standard error: a bar, or JSON lines for a program that waits."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from seqtoolkit.retention_session import Job

_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"


class Progress:
    """Counts measurements, and estimates what the others take by those of the same protocol that are done.

    Args:
        name: of the checkpoint.
        jobs: what is to be done.
        kind: bar, lines or none.
    """

    def __init__(self, name: str, jobs: Sequence[Job], kind: str) -> None:
        self.name, self.left, self.kind, self.total = name, list(jobs), kind, len(jobs)
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._begun = 0.0
        self._bar = tqdm(total=len(jobs), desc=name, bar_format=_FORMAT, disable=kind != "bar", leave=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self._bar.close()

    def begin(self, job: Job) -> None:
        """Show what is being measured."""
        self._begun = time.perf_counter()
        self._show(job)

    def end(self, job: Job) -> None:
        """Count what was measured."""
        self._seconds[job.protocol].append(time.perf_counter() - self._begun)
        self.left.remove(job)
        self._bar.update()
        self._show(job)
        if self.kind == "lines":
            done = {"done": self.total - len(self.left), "of": self.total, "seconds_left": self.estimate()}
            what = {"checkpoint": self.name, "protocol": job.protocol, "seed": job.seed, "twin": job.twin}
            print(json.dumps({**done, **what}), file=sys.stderr, flush=True)

    def estimate(self) -> float | None:
        """Return how many seconds are left; null before anything is known."""
        known = {protocol: fmean(seconds) for protocol, seconds in self._seconds.items()}
        if not known:
            return None
        usual = fmean(known.values())
        return round(sum(known.get(job.protocol, usual) for job in self.left), 1)

    def _show(self, job: Job) -> None:
        left, twin = self.estimate(), " of the twin" if job.twin else ""
        about = "" if left is None else f", about {tqdm.format_interval(left)} left"
        text: Any = f"{about.removeprefix(', ')} · {job.protocol}{twin}" if about else f"{job.protocol}{twin}"
        self._bar.set_postfix_str(text)

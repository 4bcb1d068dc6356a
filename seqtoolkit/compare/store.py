"""What `seqtoolkit compare` leaves on disk, and how it is read. Imports no torch; trusts nothing it reads.

FOLDER/compare.json    what follows, replaced atomically whenever a job has ended
       plan.json       what was asked, and what follows from it: widths, parameters, budget
       compare.lock    held (flock) by the process that compares
       configs/        the configuration of each architecture
       rates/          short runs, of which the validation split chooses the learning rate
       ARCH-lrRATE-seedN/    the runs that are compared, ordinary ones; beside each its log, ARCH-lrRATE-seedN.log

compare.json; what is not known (yet) is null, paths are relative to the folder:

schema, status, updated  1; running, finished, interrupted or failed; seconds since 1970
config, task       the configuration as it was named; the task of its data
measure            {name, mode: min or max, unit, split: test, or val without one}: what is judged, such as per
settings           {budget: {seconds, steps, epochs}, rates, rate_share, monitor, mode, seeds, reference, parameters,
                   encoder, threads, jobs, state_steps, lags, sequences, load}; `parameters`: what all should have,
                   `encoder`: whether one varies with the architecture, `load`: that of the machine when it began
architectures      one for each, in the order that was asked for:
  arch, d_model, parameters
  rates            [{rate, value, run, status, error}]: what each reached on validation (`monitor`), ascending
  rate, rate_at_edge     the rate that was chosen; whether a wider grid may hold a better one
  seeds            [{seed, run, status: waiting, finished or failed, error, quality: {estimate, lower, upper, n},
                   seconds, steps}]; the interval is 95 % over the n examples of the split
  quality          {estimate, lower, upper, seeds, examples_lower, examples_upper, examples}: the mean over seeds, its
                   95 % interval over seeds (Student's t; null with one, or when all reached the same), and over
                   examples (the means of the bounds)
  baseline         {name, estimate, skill, skill_lower, skill_upper}: what needs no model, where the task has one
  seconds          of training, validation left out: the median over seeds
  latency          {estimate, lower, upper, n}: milliseconds a step of one sequence: median and quartiles of n
  state_bytes      of one sequence after settings.state_steps steps
  horizon          {protocol, solved, estimate, lower, upper, censored, upper_censored}: over seeds; solved: "2/3"
  memory           {lags, estimate, lower, upper, null, unit, full_loss, seed, within_interval, context: {estimate,
                   lower, upper, censored, upper_censored}}: the loss against the context that is available
  skipped          {what: why}: what could not be measured
  difference       {than, estimate, lower, upper, pairs, tied}: of quality, from the best one, paired by seed; null
                   without a common seed
memory_need        {arch, estimate, lower, upper, censored, upper_censored}: steps of context that the data need, as the
                   architecture with the lowest loss shows it
recommendation     {arch, tied: [], reasons: [], doubts: [], text}; arch is null where nothing can be advised
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqtoolkit.files import read_json, write_json

SCHEMA = 1
NAME = "compare.json"
COST = "cost.json"  # the probe of a run: what a step of it takes


def write(folder: Path, comparison: dict[str, Any]) -> None:
    """Replace the comparison of a folder."""
    write_json(folder / NAME, {"schema": SCHEMA, **comparison, "updated": time.time()})


def read(folder: Path) -> dict[str, Any] | None:
    """Read the comparison of a folder; None when there is none.

    Raises ValueError that names the file when it cannot be understood.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    found = read_json(path)
    if found.get("schema") != SCHEMA:
        raise ValueError(
            f"{path}: schema {found.get('schema')!r}, expected {SCHEMA}: written by another version of seqtoolkit"
        )
    architectures = found.get("architectures")
    if not isinstance(architectures, list) or not all(isinstance(one, dict) for one in architectures):
        raise ValueError(f"{path}: 'architectures' must be a list of objects")
    return found


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a comparison's folder, and make it where there is none; the lock goes with the process, however it ends.

    Raises ValueError when another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "compare.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"{folder} is being compared by another process: wait until it ends, or choose another --out"
            ) from None
        yield
    finally:
        os.close(handle)

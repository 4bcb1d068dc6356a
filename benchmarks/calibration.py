"""Do the instruments read known answers? Coverage of every protocol's 95 % intervals, and its false alarms, at large.

Systems with a closed-form retention (tests/retention/known*.py) are measured again and again, each time on new
sequences. Coverage: how often the interval of a lag holds the truth; it should be 92 to 98 %. False alarm: how often a
system that retains nothing gets a horizon above 0; it should be at most 5 %. `make test` runs a small form of this.
Where every estimate is the truth itself, there is no noise that an interval could miss: such lags are called exact, and
do not count as covered.
"""

from __future__ import annotations

import machine
import numpy as np
import torch
from calibration_systems import System, systems
from numpy.typing import NDArray

from seqtoolkit.retention.statistics import wilson

NOMINAL = (0.92, 0.98)  # where the coverage should lie
ALARMS = 0.05
EXACT = 1e-4  # a lag whose estimate is this near to the truth in every repetition is exact
HEAD = ("system", "protocol", "truth", "sequences", "coverage [least, most of the lags]", "false alarms", "")


def main() -> int:
    """Measure every system, and print the table; 1 when an instrument misses."""
    parser = machine.parser(__doc__)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--only", nargs="+", default=(), help="protocols")
    options = parser.parse_args()
    torch.set_num_threads(1)
    chosen = [system for system in systems() if not options.only or system.protocol in options.only]
    found = [row(system, options.repetitions) for system in chosen]
    print(machine.markdown(HEAD, [cells for cells, _ in found]))
    print(
        f"\n{options.repetitions} repetitions. Coverage within {NOMINAL[0]:.0%} to {NOMINAL[1]:.0%} or exact, and at "
        f"most {ALARMS:.0%} false alarms, as far as the 95 % interval of such a share can tell. {machine.describe(1)}."
    )
    return 0 if all(good for _, good in found) else 1


def row(system: System, repetitions: int) -> tuple[tuple[str, ...], bool]:
    """Measure a system again and again; return its line, and whether the instrument keeps its promise."""
    readings = [system.measure(seed) for seed in range(repetitions)]
    covered = np.array([reading.covers for reading in readings])
    exact = np.array([reading.errors for reading in readings]).max(0) < EXACT
    uncertain = covered[:, ~exact]
    good = all(_within(int(column.sum()), repetitions) for column in uncertain.T)
    told = [_told(uncertain)] if uncertain.size else []
    if exact.any():
        told.append("exact" if exact.all() else f"{exact.sum()} of {len(exact)} lags exact")
    alarms = "-"
    if system.forgets:
        count = sum(reading.alarms for reading in readings)
        alarms = f"{count / repetitions:.1%}"
        good = good and wilson(count, repetitions)[0] <= ALARMS
    n = readings[0].record.n
    shown = ("; ".join(told), alarms, "" if good else "missed")
    return (system.name, system.protocol, system.truth, f"{min(n):,}", *shown), good


def _told(covered: NDArray[np.bool_]) -> str:
    shares = covered.mean(0)
    return f"{shares.mean():.1%} [{shares.min():.1%}, {shares.max():.1%}]"


def _within(count: int, n: int) -> bool:
    """Say whether a coverage can be within its limits; more than promised is no error, only a wide interval."""
    return wilson(count, n)[1] >= NOMINAL[0]


if __name__ == "__main__":
    raise SystemExit(main())

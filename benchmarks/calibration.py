"""Do the instruments read known answers? Coverage of every protocol's 95 % intervals, and its false alarms, at large.

Systems with a closed-form retention (tests/retention/known*.py) are measured again and again, each time on new
sequences. Coverage: how often the interval of a lag holds the truth; it is to be 92 to 98 %. Horizon: the true one on
the grid of lags, and how often its interval holds it, at least 95 %. False alarm: how often a system that retains
nothing gets a horizon above the true one, at most 5 %. A law is to hold in every repetition.
Where every estimate is the truth itself, there is no noise that an interval could miss: such lags are called exact, and
do not count as covered. `make test` runs a small form of this.

Verdicts: pass, as measured; "within error", not as measured, but the 95 % interval (Wilson) of the measured share meets
the limits: then ten times as many repetitions have to tell; MISS, neither, and the script ends with 1. "pass, wide"
covers more than promised, for a reason that is known and said below the table.
"""

from __future__ import annotations

from collections.abc import Iterable

import machine
import numpy as np
import torch
from calibration_answers import answers
from calibration_decoding import bounded, decoded
from calibration_flows import flows, windows
from calibration_systems import Law, Reading, System
from numpy.typing import NDArray

from seqtoolkit.retention.statistics import wilson

COVERAGE, HELD, ALARMS = (0.92, 0.98), (0.95, 1.0), (0.0, 0.05)  # within which a share is to lie
AGAIN = 10  # times as many repetitions where the first ones cannot tell
EXACT = 1e-4  # a lag whose estimate is this near to the truth in every repetition is exact
PASS, WIDE, CLOSE, MISS = VERDICTS = ("pass", "pass, wide", "within error", "MISS")
HEAD = (
    "system",
    "protocol",
    "truth",
    "sequences",
    "repetitions",
    "coverage [least, most of the lags]",
    "horizon",
    "false alarms",
    "verdict",
)


def main() -> int:
    """Measure every system, and print the table; 1 when an instrument misses."""
    parser = machine.parser(__doc__)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--only", nargs="+", default=(), help="protocols")
    options = parser.parse_args()
    torch.set_num_threads(1)
    chosen = [each for each in systems() if not options.only or each.protocol in options.only]
    rows = [settled(each, options.repetitions) for each in chosen]
    print(machine.markdown(HEAD, rows))
    least, most = allowed(options.repetitions, *COVERAGE)
    print(
        f"\nThe error of {options.repetitions} repetitions lets a coverage of {least:.1%} to {most:.1%} be within"
        f" {COVERAGE[0]:.0%} to {COVERAGE[1]:.0%}; what is not within as measured, is measured {AGAIN} times as often."
        f" {machine.describe(1)}."
    )
    for each, cells in zip(chosen, rows, strict=True):
        if cells[-1] == WIDE and isinstance(each, System):
            print(f"Wide: {each.name}, {each.truth}: {each.wide}.")
    return int(any(cells[-1] == MISS for cells in rows))


def systems() -> list[System | Law]:
    """Return everything that is known, protocol by protocol."""
    every: list[System | Law] = [*decoded(), *bounded(), *flows(), *windows(), *answers()]
    order = list(dict.fromkeys(each.protocol for each in every))
    return sorted(every, key=lambda each: order.index(each.protocol))


def settled(known: System | Law, repetitions: int) -> tuple[str, ...]:
    """Return the row of so many repetitions, or of more where these cannot tell."""
    cells = row(known, repetitions)
    return row(known, AGAIN * repetitions) if cells[-1] == CLOSE else cells


def row(known: System | Law, repetitions: int) -> tuple[str, ...]:
    """Measure again and again; return the cells of the table, the verdict last."""
    if isinstance(known, Law):
        kept = sum(known.holds(seed) for seed in range(repetitions))
        verdict = PASS if kept == repetitions else MISS
        return _cells(known, known.n, repetitions, f"holds in {kept / repetitions:.1%}", "-", "-", verdict)
    readings = [known.measure(seed) for seed in range(repetitions)]
    coverage, covered = _coverage(known, readings)
    horizon, held = _horizon(known, readings)
    alarms, rare = _alarms(known, readings)
    verdict = worst([covered, held, rare])
    return _cells(known, min(readings[0].record.n), repetitions, coverage, horizon, alarms, verdict)


def judge(count: int, n: int, least: float, most: float) -> str:
    """Say whether a share lies within its limits: as measured, or as far as its 95 % interval can tell."""
    if least <= count / n <= most:
        return PASS
    low, high = wilson(count, n)
    return CLOSE if low <= most and least <= high else MISS


def worst(verdicts: Iterable[str]) -> str:
    """Return the worst of some verdicts, which is a pass where there are none."""
    return max(verdicts, key=VERDICTS.index, default=PASS)


def allowed(n: int, least: float, most: float) -> tuple[float, float]:
    """Return the smallest and the largest share of n that is no MISS."""
    good = [count / n for count in range(n + 1) if judge(count, n, least, most) != MISS]
    return good[0], good[-1]


def _cells(known: System | Law, sequences: int, repetitions: int, *told: str) -> tuple[str, ...]:
    return known.name, known.protocol, known.truth, f"{sequences:,}", f"{repetitions:,}", *told


def _coverage(known: System, readings: list[Reading]) -> tuple[str, str]:
    covered = np.array([reading.covers for reading in readings])
    exact = np.array([reading.errors for reading in readings]).max(0) < EXACT
    if exact.all():
        return "exact", PASS
    uncertain = covered[:, ~exact]
    told = _told(uncertain) + (f"; {exact.sum()} of {len(exact)} lags exact" if exact.any() else "")
    return told, worst(_covered(known, int(column.sum()), len(readings)) for column in uncertain.T)


def _covered(known: System, count: int, n: int) -> str:
    return WIDE if known.wide and count / n > COVERAGE[1] else judge(count, n, *COVERAGE)


def _told(covered: NDArray[np.bool_]) -> str:
    shares = covered.mean(0)
    return f"{shares.mean():.1%} [{shares.min():.1%}, {shares.max():.1%}]"


def _horizon(known: System, readings: list[Reading]) -> tuple[str, str]:
    if known.horizon is None:
        return "-", PASS
    held = sum(reading.reaches(known.horizon) for reading in readings)
    return f"{known.horizon}: {held / len(readings):.1%}", judge(held, len(readings), *HELD)


def _alarms(known: System, readings: list[Reading]) -> tuple[str, str]:
    if not known.forgets or known.horizon is None:
        return "-", PASS
    count = sum(reading.exceeds(known.horizon) for reading in readings)
    return f"{count / len(readings):.1%}", judge(count, len(readings), *ALARMS)


if __name__ == "__main__":
    raise SystemExit(main())

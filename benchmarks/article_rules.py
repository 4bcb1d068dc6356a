"""What the numbers of the article's study say, by plain rules: each is a pure function from numbers to a verdict.

No sentence here knows a result. A claim is contradicted only where the intervals leave it no room; what an interval
does not settle is said to be open, and where seeds fail, solved of all is said instead of a mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean, median, stdev
from typing import Literal

from timing import power

from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.statistics import ALPHA, t_quantile, tail_above

Status = Literal["agrees", "contradicts", "partly", "open", "measured"]
CLAIM = 30  # steps after which a plain RNN is said to forget
ABOUT = 1.5  # "about": within this factor
SAME_POWER = 0.05  # two powers of T closer than this are the same
STRONG = 0.7  # a rank correlation that one may call the truth


@dataclass(frozen=True)
class Verdict:
    """What was measured, in words, and whether the claim stands."""

    status: Status
    text: str


def forgetting(horizons: Sequence[Horizon], trained: int) -> Verdict:
    """Compare the horizons of an RNN, one for each seed, with the claim, after training on lags up to `trained`.

    What was never learned cannot be forgotten, and what was never asked for need not be carried: neither contradicts.
    """
    if not horizons:
        return Verdict("open", "No RNN was measured.")
    if all(one.estimate == 0 for one in horizons):
        return Verdict(
            "open", f"The RNN has learned the task in 0 of {len(horizons)} seeds: train it for longer."
        )
    low, high = CLAIM / ABOUT, CLAIM * ABOUT
    told = f"The RNN carries a symbol over {spread(horizons)} steps"
    kept = any(
        one.estimate >= trained for one in horizons
    )  # all that it was asked for: where it ends is not seen
    if (trained < CLAIM or (kept and trained <= high)) and not all(one.lower > high for one in horizons):
        return Verdict("open", f"{told}, but its training asked for lags up to {trained} only.")
    if all(one.upper < low and not one.upper_censored for one in horizons):
        return Verdict("contradicts", f"{told}: it forgets sooner than after about {CLAIM} steps.")
    if all(one.lower > high for one in horizons):
        return Verdict("contradicts", f"{told}: it carries further than about {CLAIM} steps.")
    if all(low <= one.estimate <= high for one in horizons):
        return Verdict("agrees", f"{told}: about {CLAIM}, within a factor of {ABOUT:g}.")
    return Verdict("open", f"{told}: neither near {CLAIM} for every seed nor surely away from it.")


def spread(horizons: Sequence[Horizon]) -> str:
    """Write the median over seeds, and the range that holds the intervals of all of them."""
    middle = median(one.estimate for one in horizons)
    low, high = min(one.lower for one in horizons), max(one.upper for one in horizons)
    sign = "at least " if any(one.censored for one in horizons) else ""
    beyond = "+" if any(one.upper_censored for one in horizons) else ""
    return f"{sign}{middle:g} [{low:g}, {high:g}{beyond}]"


def differ(names: tuple[str, str], pairs: Sequence[tuple[Horizon, Horizon]], trained: int) -> Verdict:
    """Compare two architectures by the horizons of the same seeds, after training on lags up to `trained`."""
    if not pairs:
        return Verdict("open", f"{names[0]} and {names[1]} were not both measured.")
    solved = [sum(one.estimate >= trained for one in side) for side in zip(*pairs, strict=True)]
    sizes = f"{names[0]} {solved[0]}/{len(pairs)}, {names[1]} {solved[1]}/{len(pairs)}"
    reach = ", ".join(
        f"{name} {spread(side)}" for name, side in zip(names, zip(*pairs, strict=True), strict=True)
    )
    told = f"Solved up to lag {trained}: {sizes}; horizons: {reach}."
    wins = [sum(sides) for sides in zip(*((_beats(a, b), _beats(b, a)) for a, b in pairs), strict=True)]
    chance = sign_test(*wins)
    if chance <= ALPHA:
        better = names[0] if wins[0] > wins[1] else names[1]
        return Verdict(
            "contradicts", f"{told} {better} carries further (sign test over seeds, p = {chance:.2g})."
        )
    if sum(wins) == 0 and all(count == len(pairs) for count in solved):
        return Verdict("agrees", f"{told} No seed tells them apart.")
    least = least_pairs()
    enough = "" if len(pairs) >= least else f"; {least} would be the fewest that could"
    return Verdict(
        "open",
        f"{told} Seeds that differ: {sum(wins)}, p = {chance:.2g}: {len(pairs)} do not decide it{enough}.",
    )


def _beats(one: Horizon, other: Horizon) -> bool:
    """Say whether one horizon lies beyond the other, intervals included."""
    return one.lower > other.upper and not other.upper_censored


def sign_test(first: int, second: int) -> float:
    """Return the two-sided exact p-value of so many wins of each side, ties left out; 1 without any."""
    n = first + second
    return min(1.0, 2 * tail_above(max(first, second), n, 0.5)) if n else 1.0


def least_pairs() -> int:
    """Return with how many pairs a sign test can decide at all."""
    return next(n for n in range(1, 100) if sign_test(n, 0) <= ALPHA)


def saves(ratios: Sequence[Fraction]) -> Verdict:
    """Say what share of the weights of an LSTM layer a GRU layer has, counted at several widths."""
    told = ", ".join(sorted({f"{ratio.numerator}/{ratio.denominator}" for ratio in ratios}))
    if all(ratio == Fraction(3, 4) for ratio in ratios):
        return Verdict(
            "agrees", f"A GRU layer has exactly 3/4 of the weights, counted at {len(ratios)} widths."
        )
    return Verdict("contradicts", f"A GRU layer has {told} of the weights of an LSTM layer, not 3/4.")


def attention_carries(horizons: Sequence[Horizon], trained: int) -> Verdict:
    """Say whether attention never forgets: within the lags that it was trained on, and beyond them."""
    if not horizons:
        return Verdict("open", "Attention was not measured.")
    if all(one.estimate == 0 for one in horizons):
        return Verdict("open", f"Attention has learned lags up to {trained} in 0 of {len(horizons)} seeds.")
    inside = sum(one.estimate >= trained for one in horizons)
    told = f"Trained up to lag {trained}, attention recalls over {spread(horizons)} steps"
    told += f"; solved by {inside}/{len(horizons)} seeds"
    if all(one.censored for one in horizons):
        return Verdict("agrees", f"{told}, beyond every lag that was asked.")
    if inside == len(horizons):
        return Verdict("partly", f"{told}. Beyond the lags of its training it forgets.")
    if any(one.upper < trained for one in horizons):
        return Verdict("contradicts", f"{told}: it forgets within the lags that it was trained on.")
    return Verdict("open", f"{told}: not every seed is surely below the longest lag of its training.")


def grows(name: str, growth: tuple[float, float, float], claimed: float) -> Verdict:
    """Compare a measured power of T, with its interval, with the claimed one."""
    _, low, high = growth
    told = f"{name} grows as {power(growth)}"
    if low - SAME_POWER <= claimed <= high + SAME_POWER:
        return Verdict("agrees", f"{told}: as T^{claimed:g}.")
    if high < claimed:  # a claim about the limit: what does not grow with T, or less, still counts here
        return Verdict("partly", f"{told} over the measured lengths, more slowly than T^{claimed:g}.")
    return Verdict("contradicts", f"{told} over the measured lengths, faster than T^{claimed:g}.")


def times(
    what: str, names: tuple[str, str], found: tuple[Sequence[float], Sequence[float]], steps: int
) -> Verdict:
    """Say how many times as much one architecture needs as another at a length: medians, least and most of repeats."""
    one, other = found
    ratio, least, most = median(one) / median(other), min(one) / max(other), max(one) / min(other)
    told = _plain(ratio) + (f" [{_plain(least)}, {_plain(most)}]" if least < most else "")
    return Verdict(
        "measured", f"{what} at T = {steps:,}: {names[0]} needs {told} times as much as {names[1]}."
    )


def _plain(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def honest(records: Sequence[AlignmentRecord]) -> Verdict:
    """Say whether attention maps show what is used: heads above their permuted weights, and how strongly."""
    if not records:
        return Verdict("open", "No map was measured.")
    above = sum(record.lower > record.settings["null_interval"][1] for record in records)
    middle = median(record.estimate for record in records)
    told = (
        f"{above} of {len(records)} heads agree with the influence of the letters more than permuted weights do; "
        f"median rank correlation {middle:.2f} (chance {fmean(record.null for record in records):.2f})"
    )
    if 2 * above < len(records):
        return Verdict("contradicts", f"{told}: most maps say nothing about what is used.")
    if above == len(records) and middle >= STRONG:
        return Verdict("agrees", f"{told}: the maps tell the truth.")
    return Verdict("partly", f"{told}: a map is a hint, not the truth.")


def disagreement(horizons: Mapping[str, Sequence[Horizon]]) -> str:
    """Say which protocol sees furthest back in one architecture, and which least, by the medians over seeds."""
    middles = {name: median(one.estimate for one in found) for name, found in horizons.items() if found}
    if len(middles) < 2 or min(middles.values()) == max(middles.values()):
        return ""
    least, most = min(middles, key=middles.__getitem__), max(middles, key=middles.__getitem__)
    return f"{most} reaches {spread(horizons[most])} steps, {least} only {spread(horizons[least])}"


def better(names: tuple[str, str], errors: tuple[Sequence[float], Sequence[float]], unit: str) -> Verdict:
    """Compare the errors of two architectures from the same seeds, for the claim that they do equally well."""
    if not errors[0]:
        return Verdict("open", f"Not measured: {unit}.")
    if len(errors[0]) < 2:
        return Verdict("open", f"{unit.capitalize()}: one pair of seeds has no interval.")
    mean, low, high = paired(*errors)
    told = f"{unit.capitalize()}, {names[0]} less {names[1]}: {mean:+.4f} [{low:+.4f}, {high:+.4f}]"
    told += f" over {len(errors[0])} seeds"
    if low <= 0 <= high:
        return Verdict("open", f"{told}: no difference that these seeds could show.")
    return Verdict("contradicts", f"{told}: {names[0] if mean < 0 else names[1]} errs less.")


def paired(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of first - second over two seeds or more, and its 95 % t interval."""
    differences = [a - b for a, b in zip(first, second, strict=True)]
    mean, n = fmean(differences), len(differences)
    half = t_quantile(1 - ALPHA / 2, n - 1) * stdev(differences) / math.sqrt(n)
    return mean, mean - half, mean + half

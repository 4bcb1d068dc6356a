"""Horizons of several measurements: pooled over seeds, and their differences in pairs. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import stdev

from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.retention.statistics import ALPHA, t_quantile


@dataclass(frozen=True)
class Difference:
    """How much further one checkpoint remembers than another, in steps, with its 95 % interval.

    A bound is infinite where a horizon is censored: it may lie anywhere beyond what was measured.
    """

    estimate: float  # mean over pairs
    lower: float
    upper: float
    pairs: int
    censored: bool  # whether a horizon in it is: then the estimate is not one of the true difference

    def __str__(self) -> str:
        bounds = ", ".join(
            "∞" if b == math.inf else "-∞" if b == -math.inf else f"{b:+.3g}" for b in self._bounds
        )
        return f"{'about ' if self.censored else ''}{self.estimate:+.3g} [{bounds}]"

    @property
    def _bounds(self) -> tuple[float, float]:
        return self.lower, self.upper


def pool(horizons: Sequence[Horizon]) -> Horizon:
    """Join the horizons of one checkpoint measured with several seeds: the median, and an interval that holds all."""
    middle = sorted(horizons, key=lambda horizon: (horizon.estimate, horizon.censored))[
        (len(horizons) - 1) // 2
    ]
    return Horizon(
        estimate=middle.estimate,
        lower=min(horizon.lower for horizon in horizons),
        upper=max(horizon.upper for horizon in horizons),
        censored=middle.censored,
        upper_censored=any(horizon.upper_censored for horizon in horizons),
    )


def difference(ours: Sequence[Record], theirs: Sequence[Record]) -> Difference | None:
    """Compare the horizons of two checkpoints under the same protocol, seed by seed; None without a common seed.

    Seeds draw the inputs: two models of the same vocabulary read the same sequences. The interval of each pair follows
    from those of its two horizons (MOVER, Zou & Donner 2008), which takes them for independent: for the same inputs
    it is too wide rather than too narrow. Pairs are averaged as independent ones.
    """
    others = {record.seed: record.horizon for record in theirs if record.horizon is not None}
    pairs = [(r.horizon, others[r.seed]) for r in ours if r.horizon is not None and r.seed in others]
    if not pairs:
        return None
    return _average(pairs)


def seed_difference(ours: Mapping[int, Horizon], theirs: Mapping[int, Horizon]) -> Difference | None:
    """Compare two architectures that were trained with the same seeds, seed by seed.

    The interval is Student's t over seeds, or that of the measurements where it is wider: a few seeds may agree by
    chance. None with fewer than two common seeds, and when a seed of either has no horizon at all: then a mean would
    hide that (see `solved`).
    """
    seeds = sorted(set(ours) & set(theirs))
    if len(seeds) < 2 or any(horizon.lower <= 0 for horizon in (*ours.values(), *theirs.values())):
        return None
    measured = _average([(ours[seed], theirs[seed]) for seed in seeds])
    each = [ours[seed].estimate - theirs[seed].estimate for seed in seeds]
    half = t_quantile(1 - ALPHA / 2, len(each) - 1) * stdev(each) / math.sqrt(len(each))
    return replace(
        measured,
        lower=min(measured.lower, measured.estimate - half),
        upper=max(measured.upper, measured.estimate + half),
    )


def solved(horizons: Sequence[Horizon]) -> str:
    """Say in how many of the measurements there is a horizon at all, "2/3": a mean would hide it."""
    return f"{sum(horizon.lower > 0 for horizon in horizons)}/{len(horizons)}"


def _average(pairs: Sequence[tuple[Horizon, Horizon]]) -> Difference:
    """Average the differences of pairs of horizons (MOVER)."""
    n = len(pairs)
    estimate = sum(a.estimate - b.estimate for a, b in pairs) / n
    below = math.sqrt(sum((a.estimate - a.lower) ** 2 + (b.upper - b.estimate) ** 2 for a, b in pairs)) / n
    above = math.sqrt(sum((a.upper - a.estimate) ** 2 + (b.estimate - b.lower) ** 2 for a, b in pairs)) / n
    return Difference(
        estimate=estimate,
        lower=-math.inf if any(b.upper_censored or b.censored for _, b in pairs) else estimate - below,
        upper=math.inf if any(a.upper_censored or a.censored for a, _ in pairs) else estimate + above,
        pairs=n,
        censored=any(a.censored or b.censored for a, b in pairs),
    )

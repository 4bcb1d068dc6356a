"""Means over seeds, and the difference of two architectures that were trained with the same seeds. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist, fmean, stdev
from typing import Any

from seqtoolkit.retention.statistics import ALPHA, t_quantile


@dataclass(frozen=True)
class Reached:
    """What one run reached on the test split, with the 95 % interval over its n examples where that is known."""

    estimate: float
    lower: float | None = None
    upper: float | None = None
    n: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Difference:
    """How much higher the quality of one architecture is than that of another.

    Bounds are null where no interval is known: with one seed, or without any spread of seeds or examples.
    """

    estimate: float
    lower: float | None
    upper: float | None
    pairs: int

    @property
    def tied(self) -> bool:
        """Whether the two cannot be told apart."""
        return self.lower is None or self.upper is None or self.lower <= 0 <= self.upper


def over_seeds(qualities: Sequence[Reached], share: bool = False) -> dict[str, Any]:
    """Return the mean over seeds, its 95 % interval over seeds (Student's t), and over examples.

    That over seeds is null with one, and where all have reached the same: no spread says nothing of the next seed. All
    seeds are tested on the same examples, so that of a mean is at most as wide as the mean of theirs. The interval of a
    `share` ends at 0 and 1.
    """
    values = [one.estimate for one in qualities]
    mean, half = fmean(values), _half(values, ALPHA)
    low, high = (0.0, 1.0) if share else (-math.inf, math.inf)
    bounds: dict[str, float | None] = {"lower": None, "upper": None}
    if half is not None:
        bounds = {"lower": max(low, mean - half), "upper": min(high, mean + half)}
    lower, upper = (_mean([getattr(one, name) for one in qualities]) for name in ("lower", "upper"))
    examples = {"examples_lower": lower, "examples_upper": upper, "examples": qualities[0].n}
    return {"estimate": mean, **bounds, "seeds": len(values), **examples}


def difference(
    ours: Mapping[int, Reached], theirs: Mapping[int, Reached], comparisons: int = 1, share: bool = False
) -> Difference | None:
    """Return ours - theirs over the seeds that both have, with an interval at 95 % for so many comparisons together.

    Its variance is that over seeds, in pairs, and those of both over examples, as if they were independent: the same
    examples are hard for both, so it is too wide rather than too narrow. Bonferroni over comparisons; of a `share`, it
    ends at -1 and 1. None without a common seed.
    """
    seeds = sorted(set(ours) & set(theirs))
    if not seeds:
        return None
    each = [ours[seed].estimate - theirs[seed].estimate for seed in seeds]
    alpha, mean = ALPHA / max(1, comparisons), fmean(each)
    half = _half(each, alpha) or 0.0
    scale = NormalDist().inv_cdf(1 - alpha / 2) / NormalDist().inv_cdf(1 - ALPHA / 2)
    mine, other = ([one[seed] for seed in seeds] for one in (ours, theirs))
    below = math.hypot(half, scale * _reach(mine, "lower"), scale * _reach(other, "upper"))
    above = math.hypot(half, scale * _reach(mine, "upper"), scale * _reach(other, "lower"))
    if len(seeds) == 1 or not (below and above):
        return Difference(mean, None, None, len(seeds))
    most = 1.0 if share else math.inf
    return Difference(mean, max(-most, mean - below), min(most, mean + above), len(seeds))


def _reach(qualities: Sequence[Reached], side: str) -> float:
    """Return how far the interval over examples reaches to a side, on the mean of the seeds; 0 where it is unknown."""
    bounds = [getattr(one, side) for one in qualities]
    return fmean(
        0.0 if bound is None else abs(bound - one.estimate)
        for bound, one in zip(bounds, qualities, strict=True)
    )


def _half(values: Sequence[float], alpha: float) -> float | None:
    """Return half of Student's interval of the mean; None without a spread to take it from."""
    if len(set(values)) < 2:
        return None
    return t_quantile(1 - alpha / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None

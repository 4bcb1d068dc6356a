"""Which architecture to use: the sentences of a recommendation, by rules on the numbers. Imports no torch.

The best measured architecture is recommended, unless a tied one is as good (within NEAR) and predicts faster (FASTER).
Two are tied when the interval of their difference, paired by seed, holds 0.
"""

from __future__ import annotations

from typing import Any

from seqtoolkit.compare.doubts import doubts
from seqtoolkit.compare.words import figure, interval, many

NEAR = 0.02  # of the best quality, or 0.01 of a share: less is no reason to wait longer
FASTER = 0.9  # of the best one's time of a step

Values = dict[str, Any]


def advise(found: Values) -> Values:
    """Return {"arch", "tied", "reasons", "doubts", "text"} of a collected comparison."""
    known = [one for one in found["architectures"] if one["quality"] is not None]
    if not known:
        why = "No training was finished and tested, so nothing can be advised."
        return {"arch": None, "tied": [], "reasons": [], "doubts": doubts(found, None), "text": why}
    better = max if found["measure"]["mode"] == "max" else min
    best = better(known, key=lambda one: float(one["quality"]["estimate"]))
    tied = [one for one in known if one["difference"] is not None and one["difference"]["tied"]]
    chosen = _chosen(best, tied, found["measure"])
    reasons = [
        _first(best, found),
        *_others(best, known),
        *_swapped(best, chosen),
        *_skill(chosen),
        *_memory(chosen, found),
    ]
    open_ones = doubts(found, chosen)
    said = f"Use {chosen['arch']}. {' '.join(reasons)}"
    if open_ones:
        said += f" But: {' '.join(open_ones)}"
    names = [one["arch"] for one in (best, *tied) if one is not chosen] if tied else []
    return {"arch": chosen["arch"], "tied": names, "reasons": reasons, "doubts": open_ones, "text": said}


def _chosen(best: Values, tied: list[Values], measure: Values) -> Values:
    """Return the fastest of those that are tied and as good, when it is faster enough, else the best measured."""
    share = measure["mode"] == "max" and 0 <= best["quality"]["estimate"] <= 1
    near = 0.01 if share else NEAR * abs(best["quality"]["estimate"])
    as_good = [
        one for one in tied if abs(one["difference"]["estimate"]) <= near and one["latency"] is not None
    ]
    if not as_good or best["latency"] is None:
        return best
    fastest = min(as_good, key=lambda one: float(one["latency"]["estimate"]))
    return fastest if fastest["latency"]["estimate"] <= FASTER * best["latency"]["estimate"] else best


def _first(best: Values, found: Values) -> str:
    quality, measure = best["quality"], found["measure"]
    way = "highest" if measure["mode"] == "max" else "lowest"
    return f"{best['arch']} has the {way} {measure['name']}, {interval(quality)} over {many(quality['seeds'], 'seed')}."


def _others(best: Values, known: list[Values]) -> list[str]:
    """Say of every other architecture whether it is surely worse, or tied, or could not be compared."""
    apart = [one for one in known if one["difference"] is not None]
    worse = [
        f"{one['arch']} ({interval(one['difference'], '+')})"
        for one in apart
        if not one["difference"]["tied"]
    ]
    tied = [
        f"{one['arch']} ({interval(one['difference'], '+')})" for one in apart if one["difference"]["tied"]
    ]
    said = [f"Surely worse, by their difference from it: {', '.join(worse)}."] if worse else []
    said += [f"A tie, not told apart from {best['arch']}: {', '.join(tied)}."] if tied else []
    alone = [one["arch"] for one in known if one["difference"] is None and one is not best]
    return said + ([f"Not compared with it, for want of a common seed: {', '.join(alone)}."] if alone else [])


def _swapped(best: Values, chosen: Values) -> list[str]:
    if chosen is best:
        return []
    times = [figure(one["latency"]["estimate"]) for one in (chosen, best)]
    return [f"{chosen['arch']} is as good, and a step takes it {times[0]} ms instead of {times[1]} ms."]


def _skill(chosen: Values) -> list[str]:
    """Say how much better it is than what needs no model, where the task has such a baseline."""
    baseline = chosen["baseline"]
    if baseline is None:
        return []
    skill = {
        "estimate": baseline["skill"],
        "lower": baseline["skill_lower"],
        "upper": baseline["skill_upper"],
    }
    return [f"Its skill against {baseline['name']} ({figure(baseline['estimate'])}) is {interval(skill)}."]


def _memory(chosen: Values, found: Values) -> list[str]:
    said, need, horizon = [], found["memory_need"], chosen["horizon"]
    if need is not None:
        least = "at least " if need["censored"] else ""
        said.append(f"The data need {least}{interval(need)} steps of context, as {need['arch']} shows.")
    if horizon is not None:
        least = "at least " if horizon["censored"] else ""
        said.append(f"{chosen['arch']} remembers {least}{interval(horizon)} steps by {horizon['protocol']}.")
    return said

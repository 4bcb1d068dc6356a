"""What speaks against a recommendation, said only where the numbers give cause. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from seqtoolkit.compare.words import figure, many

ENOUGH_SEEDS = 5
APART = 0.05  # of the parameters: more is no match
BUSY = 1.5  # jobs that wait for each of ours

Values = dict[str, Any]


def doubts(found: Values, chosen: Values | None) -> list[str]:
    """Return the doubts about a collected comparison, and about the architecture that was chosen, if one was."""
    rules: tuple[Callable[[Values, Values | None], Iterator[str]], ...] = (
        _failed, _seeds, _spread, _examples, _baseline, _edge, _parameters, _order, _time, _memory, _skipped, _test
    )  # fmt: skip
    return [sentence for rule in rules for sentence in rule(found, chosen)]


def _failed(found: Values, chosen: Values | None) -> Iterator[str]:
    for one in found["architectures"]:
        failed = [seed for seed in one["seeds"] if seed["status"] != "finished" or seed["quality"] is None]
        if failed:
            why = failed[0]["error"] or "not done"
            yield f"{len(failed)} of {many(len(one['seeds']), 'training')} of {one['arch']} failed ({why:.160})."


def _seeds(found: Values, chosen: Values | None) -> Iterator[str]:
    n = len(found["settings"]["seeds"])
    if n == 1:
        yield "n = 1 seed: nothing is known of how much another start would change (--seeds 3 or more)."
    elif n < ENOUGH_SEEDS:
        yield f"n = {n} seeds are few: the intervals are wide, and a tie may only be a lack of seeds (--seeds {n + 2})."


def _spread(found: Values, chosen: Values | None) -> Iterator[str]:
    """Say so where seeds have no interval because they do not differ: nothing is surer for it."""
    for one in found["architectures"]:
        quality = one["quality"]
        if quality is not None and quality["seeds"] > 1 and quality["lower"] is None:
            yield (
                f"All {quality['seeds']} seeds of {one['arch']} have reached the same, {figure(quality['estimate'])}:"
                " how much others would differ is not known."
            )


def _examples(found: Values, chosen: Values | None) -> Iterator[str]:
    if chosen is not None and chosen["quality"]["examples_lower"] is None:
        yield f"No interval of {found['measure']['name']} over examples is stored: the intervals are over seeds only."


def _baseline(found: Values, chosen: Values | None) -> Iterator[str]:
    baseline = None if chosen is None else chosen["baseline"]
    if chosen is not None and baseline is not None and not (baseline["skill_lower"] or 0) > 0:
        yield (
            f"It is not surely better than {baseline['name']} ({figure(baseline['estimate'])}), which needs no model:"
            f" skill {figure(baseline['skill'])}."
        )


def _edge(found: Values, chosen: Values | None) -> Iterator[str]:
    edge = [f"{one['arch']} ({one['rate']:g})" for one in found["architectures"] if one["rate_at_edge"]]
    if edge:
        yield f"The best learning rate lies at the edge of the grid for {', '.join(edge)}: widen it with --rates."


def _parameters(found: Values, chosen: Values | None) -> Iterator[str]:
    target = found["settings"]["parameters"]
    for one in found["architectures"]:
        share = one["parameters"] / target - 1
        if abs(share) > APART:
            yield f"{one['arch']} has {share:+.0%} parameters: no width of it comes nearer."


def _order(found: Values, chosen: Values | None) -> Iterator[str]:
    """Say so when another architecture was ahead in the short runs: then a longer budget may change the order too."""
    values = {
        one["arch"]: value["value"]
        for one in found["architectures"]
        for value in one["rates"]
        if value["rate"] == one["rate"] and value["value"] is not None
    }
    if chosen is None or len(values) < 2:
        return
    ahead = (min if found["settings"]["mode"] == "min" else max)(values, key=lambda arch: float(values[arch]))
    if ahead != chosen["arch"]:
        share = found["settings"]["rate_share"]
        yield f"In {share:.0%} of the budget {ahead} was ahead on validation: the order depends on the budget."


def _time(found: Values, chosen: Values | None) -> Iterator[str]:
    settings = found["settings"]
    if settings["budget"]["seconds"] is None:
        return
    busy = settings["load"] is not None and settings["load"] > BUSY * settings["jobs"] * settings["threads"]
    also = f", and this one was busy (load {settings['load']:.1f})" if busy else ""
    yield f"The budget is time: on another machine the order may differ{also}."


def _memory(found: Values, chosen: Values | None) -> Iterator[str]:
    need, horizon = found["memory_need"], None if chosen is None else chosen["horizon"]
    if need is not None and need["censored"]:
        yield f"The loss still falls at the longest context that was measured, {many(need['estimate'], 'step')}."
    if chosen is None or horizon is None:
        return
    if int(horizon["solved"].split("/")[0]) < int(horizon["solved"].split("/")[1]):
        yield f"{chosen['arch']} remembers anything in {horizon['solved']} of its trainings only."
    elif need is not None and not horizon["upper_censored"] and horizon["upper"] < need["estimate"]:
        yield (
            f"Its {horizon['protocol']} ends after {many(horizon['upper'], 'step')} at most, and context helps up to"
            f" {need['estimate']}."
        )


def _skipped(found: Values, chosen: Values | None) -> Iterator[str]:
    for what in sorted({what for one in found["architectures"] for what in one["skipped"]}):
        why = next(one["skipped"][what] for one in found["architectures"] if what in one["skipped"])
        yield f"Not measured: {what} ({why:.160})."


def _test(found: Values, chosen: Values | None) -> Iterator[str]:
    known = [one for one in found["architectures"] if one["quality"] is not None]
    if found["measure"] and found["measure"]["split"] == "val":
        yield (
            "There is no test split: the validation split, which has also chosen checkpoints and learning rates,"
            " flatters all of them."
        )
    elif len(known) > 1:
        yield f"The test split has chosen among {len(known)}: quote a figure of the chosen one from data it never saw."

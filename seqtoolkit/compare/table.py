"""A comparison as one table, with what it was measured by, and its recommendation. Imports no torch."""

from __future__ import annotations

import textwrap
from typing import Any

from seqtoolkit.compare.budget import Budget
from seqtoolkit.compare.words import figure, interval, many
from seqtoolkit.runs_command import table

Values = dict[str, Any]
WIDTH = 120
SPLITS = {"test": "test", "val": "validation"}


def report(found: Values) -> str:
    """Return everything that a finished comparison prints."""
    rows = [columns(found), *(row(one) for one in found["architectures"])]
    parts = [table(rows), how(found)]
    parts += [found["recommendation"]["text"]] if found["recommendation"] else []
    return "\n\n".join([parts[0], *(textwrap.fill(part, WIDTH) for part in parts[1:])])


def columns(found: Values) -> tuple[str, ...]:
    """Return the head of the table."""
    measure = found["measure"]
    name = (
        f"{measure['name']}, {'more' if measure['mode'] == 'max' else 'less'} is better"
        if measure
        else "quality"
    )
    return (
        "architecture",
        "parameters",
        "width",
        "rate",
        f"{name} [95 % over seeds]",
        "over examples",
        "seeds",
        "from the best [95 %]",
        "training",
        "a step",
        "state",
        "horizon [95 %]",
        "context [95 %]",
    )


def row(one: Values) -> tuple[str, ...]:
    """Return the cells of an architecture; what was not measured is a dash."""
    quality, apart, latency = one["quality"], one["difference"], one["latency"]
    done = sum(seed["quality"] is not None for seed in one["seeds"])
    examples = "-"
    if quality and quality["examples_lower"] is not None:
        examples = f"[{figure(quality['examples_lower'])}, {figure(quality['examples_upper'])}]"
    return (
        one["arch"],
        f"{one['parameters']:,}",
        str(one["d_model"]),
        "-" if one["rate"] is None else f"{one['rate']:g}",
        interval(quality) if quality else "-",
        examples,
        f"{done}/{len(one['seeds'])}",
        (interval(apart, "+") + (" tie" if apart["tied"] else "")) if apart else "-",
        "-" if one["seconds"] is None else f"{one['seconds']:.0f} s",
        "-" if latency is None else f"{latency['estimate']:.3g} ms",
        "-" if one["state_bytes"] is None else f"{one['state_bytes']:,} B",
        _steps(one["horizon"]),
        _steps(one["memory"] and one["memory"]["context"]),
    )


def how(found: Values) -> str:
    """Say by what settings the figures of the table were measured."""
    settings, examples = found["settings"], 0
    for one in found["architectures"]:
        examples = (one["quality"] or {}).get("examples") or examples
    rates = ", ".join(f"{rate:g}" for rate in settings["rates"])
    horizon = next((one["horizon"]["protocol"] for one in found["architectures"] if one["horizon"]), None)
    sides = ", in encoder and decoder" if settings["encoder"] else ""
    said = [
        f"{many(len(settings['seeds']), 'seed')}, {Budget(**settings['budget'])} of training each,"
        f" {many(settings['threads'], 'core')} each, {settings['jobs']} at a time; as many parameters as"
        f" {settings['reference']} ({settings['parameters']:,}){sides}."
    ]
    if len(settings["rates"]) > 1:
        said.append(
            f"Learning rate by {settings['monitor']} of seed 0 after {settings['rate_share']:.0%} of the budget, of"
            f" {rates}."
        )
    split = SPLITS[(found["measure"] or {}).get("split", "test")]
    said.append(
        f"Quality: {split} split{f' of {examples:,} examples' if examples else ''}, best checkpoints; differences"
        " paired by seed, for all architectures together."
    )
    said.append(
        f"Training time: median over seeds, without validation. A step: median in a fresh process, one sequence, after"
        f" {settings['state_steps']} steps; so is the state."
    )
    if horizon == "recall":
        said.append("Horizon: recall on that split.")
    elif horizon is not None:
        said.append(f"Horizon: {horizon}, independent inputs, {settings['sequences']} sequences.")
    if found["memory_need"] is not None:
        said.append(
            f"Context: from which on the loss is within 1 % of that with all of it (truncation, first seed, up to"
            f" {settings['sequences']} validation sequences)."
        )
    return " ".join(said)


def _steps(horizon: Values | None) -> str:
    if horizon is None:
        return "-"
    return f"{'≥ ' if horizon['censored'] else ''}{interval(horizon)}"

"""How much context the data need: the loss against the context that is available, of a run of each architecture."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from seqtoolkit import retention_store
from seqtoolkit.compare.quality import BEST
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run

PROTOCOL = "truncation"


def memory(run: Run) -> dict[str, Any] | None:
    """Return the curve of `truncation` of a run's best checkpoint as plain values; None when it was not measured."""
    for record in retention_store.read(run.path, BEST):
        if record.protocol == PROTOCOL and not record.settings.get("twin") and record.horizon is not None:
            values = asdict(record)
            kept = {name: values[name] for name in ("lags", "estimate", "lower", "upper", "null", "unit")}
            full = {"full_loss": record.settings["full_loss"], "seed": run.seed}
            return {**kept, **full, "within_interval": within_interval(record), "context": values["horizon"]}
    return None


def within_interval(record: Record) -> int | None:
    """Return the least context from which on every interval holds the loss with all inputs; None when none does."""
    full, found = record.settings["full_loss"], None
    for context, lower in zip(reversed(record.lags), reversed(record.lower), strict=True):
        if lower > full:
            break
        found = context
    return found


def need(architectures: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return how much context the data need, as the architecture with the lowest loss shows it.

    One that predicts badly may fail to use a context that would help.
    """
    known = [one for one in architectures if one["memory"] is not None]
    if not known:
        return None
    best = min(known, key=lambda one: float(one["memory"]["full_loss"]))
    return {"arch": best["arch"], **best["memory"]["context"]}

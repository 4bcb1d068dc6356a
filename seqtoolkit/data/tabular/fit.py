"""Read the files of a series, and find in the training rows what a plan says: scaling, texts, classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.shares import SPLITS
from seqtoolkit.data.tabular.columns import FORECASTS, Columns, choose
from seqtoolkit.data.tabular.missing import levels_of
from seqtoolkit.data.tabular.plan import At, Plan, plan_of
from seqtoolkit.data.tabular.prepare import (
    Prepared,
    Read,
    classes_of,
    known_of,
    missing_in,
    prepare,
    read,
    without,
)
from seqtoolkit.data.tabular.scaling import Scaling, fit
from seqtoolkit.data.tabular.source import open_table
from seqtoolkit.data.tabular.splits import Split, SplitBy, divide
from seqtoolkit.data.tabular.table import Known
from seqtoolkit.data.tabular.tables import TableFile
from seqtoolkit.data.tabular.windows import regions

FILES = ("file", *SPLITS)
WINDOW = 256


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was read: the rows of each option that names a file, and what is known of them."""

    plan: Plan
    classes: list[str]
    prepared: dict[str, Prepared]  # by the option: one for all splits ("file"), or one for each
    digests: dict[str, str]  # sha256 by the option
    missing: dict[
        str, float
    ]  # by channel, the share of the training rows; of a plan that was fitted before, none

    def of(self, split: str) -> Prepared:
        """Return the rows that a split is among; raises ValueError when there are none."""
        if "file" in self.prepared:
            return self.prepared["file"]
        if split not in self.prepared:
            raise ValueError(
                f"no {split} rows: add --data.{split} TABLE, or give --data.file TABLE to divide"
            )
        return self.prepared[split]


def fit_series(options: Mapping[str, Any]) -> Fitted:
    """Read the files and fit the plan; raises ValueError for whatever is wrong with them."""
    files = {name: open_table(options[name]) for name in FILES if options[name] is not None}
    first = next(iter(files))
    columns = _columns(files[first], options)
    reads = {first: read(files[first], columns, options["gaps"])}
    reads |= _like(reads[first], files, options)
    splits = _splits(reads, options, _at(options))
    rows = splits[first] == 0
    scaling, dropped = fit(reads[first].table, rows, options["constant"])
    gone = set(dropped)
    kept = [place for place, name in enumerate(reads[first].table.columns) if name not in gone]
    scaling = Scaling(scaling.center[kept], scaling.scale[kept])
    reads = {name: without(found, dropped) for name, found in reads.items()}
    found = reads[first]
    missed = {name for each in reads.values() for name in missing_in(each, options["missing"])}
    plan = Plan(
        columns=found.columns,
        scaling=scaling,
        horizon=options["horizon"] if found.columns.task in FORECASTS else 0,
        at=_at(options),
        window=_window(options, found),
        missing=options["missing"],
        unseen=options["unseen"],
        gaps=options["gaps"],
        gapped=[name for name in found.columns.numbers if name in missed],
        levels=levels_of(found.table, rows, found.columns.categorical),
        clock=found.table.clock,
    )
    _check_groups(reads, plan, options)
    _check_horizon(found, splits[first], plan.horizon)
    shares = _missing(found, rows)  # before they are filled
    classes = classes_of(found, rows) if found.columns.label else []
    prepared = {name: prepare(each, plan, splits[name], classes) for name, each in reads.items()}
    return Fitted(plan, classes, prepared, {name: file.sha256 for name, file in files.items()}, shares)


def _missing(found: Read, rows: NDArray[np.bool_]) -> dict[str, float]:
    """Return the share of these rows in which each channel has no value, one column at a time: rows are many."""
    values = found.table.values
    return {name: float(np.isnan(values[rows, i]).mean()) for i, name in enumerate(found.columns.numbers)}


def fitted_before(options: Mapping[str, Any], plan: Plan, classes: list[str]) -> Fitted:
    """Read the files, if there are any, as a plan says."""
    files = {name: open_table(options[name]) for name in FILES if options[name] is not None}
    known = known_of(plan, True, classes)
    reads = {name: read(file, plan.columns, plan.gaps, known) for name, file in files.items()}
    splits = _splits(reads, options, plan.at)
    prepared = {name: prepare(each, plan, splits[name], classes) for name, each in reads.items()}
    return Fitted(plan, classes, prepared, {name: file.sha256 for name, file in files.items()}, {})


def _columns(file: TableFile, options: Mapping[str, Any]) -> Columns:
    names = ("task", "form", "time", "group", "name", "value", "time_format", "channels", "targets")
    return choose(file, categorical=options["categorical"] or [], **{name: options[name] for name in names})


def _like(first: Read, files: dict[str, TableFile], options: Mapping[str, Any]) -> dict[str, Read]:
    """Read the files after the first: the same columns, values from the same origin, texts with the same numbers."""
    table = first.table
    known = Known(table.origin, table.levels, table.classes, table.clock)
    rest = list(files)[1:]
    return {name: read(files[name], first.columns, options["gaps"], known) for name in rest}


def _splits(reads: dict[str, Read], options: Mapping[str, Any], at: At) -> dict[str, Split]:
    if "file" in reads:
        by: SplitBy = options["split"] or ("group" if at == "end" else "time")
        return {"file": divide(reads["file"].table, reads["file"].segments, by, options["shares"])}
    return {name: np.full(len(each.table), SPLITS.index(name), np.uint8) for name, each in reads.items()}


def _at(options: Mapping[str, Any]) -> At:
    if options["at"] is not None:
        at: At = options["at"]
        return at
    return "end" if options["task"] == "classification" and options["group"] is not None else "step"


def _window(options: Mapping[str, Any], found: Read) -> int | None:
    """Return the steps of a window; raises ValueError for one that no series can fill."""
    window: int | None = options["window"]
    longest = found.segments.longest
    if window is not None and window > longest:
        raise ValueError(
            f"{found.table.file}: a window of {window:,} steps is longer than every series, of which the longest has"
            f" {longest:,} rows{' in a row' if options['gaps'] == 'split' else ''}; use --data.window {longest} or less"
        )
    return window if window is not None or _at(options) == "end" else min(WINDOW, longest)


def _check_groups(reads: dict[str, Read], plan: Plan, options: Mapping[str, Any]) -> None:
    """Raise ValueError for a group of one row, which has no later step, unless such groups are to be left out."""
    if not plan.forecasts or options["short"] == "skip":
        return
    for found in reads.values():
        table = found.table
        for code in np.flatnonzero(np.bincount(table.group, minlength=len(table.groups)) == 1)[:1]:
            row = int(np.flatnonzero(table.group == code)[0])
            group = f"group {table.groups[code]!r} has one row" if plan.columns.group else "there is one row"
            raise ValueError(
                f"{table.place(row)}: {group}, and a forecast needs two or more; give more rows, or leave such groups"
                " out: --data.short skip"
            )


def _check_horizon(found: Read, split: Split, horizon: int) -> None:
    """Raise ValueError for a horizon that no series reaches in training: its last steps would never be learned."""
    asked = regions(found.segments, split, 0, 1)
    most = int((asked.stop - asked.start).max(initial=0))
    if 0 < most < horizon:
        raise ValueError(
            f"{found.table.file}: a horizon of {horizon:,} steps is longer than every series has training rows after"
            f" its first, {most:,} at most; use --data.horizon {most} or less, or give more rows"
        )


def plan_before(options: Mapping[str, Any]) -> tuple[Plan, dict[str, Any]]:
    """Read the plan and the spec of the checkpoint that is gone on from.

    The window may be chosen anew, and the file may write its dates in another way.
    """
    plan, spec = plan_of(Path(options["spec_of"]))
    columns = replace(plan.columns, time_format=options["time_format"] or plan.columns.time_format)
    return replace(plan, columns=columns, window=options["window"] or plan.window), spec

"""From a file to rows that a model reads: read, ordered, scaled, filled, all as a plan says or as training shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from seqtoolkit.data.tabular.coder import MISSING
from seqtoolkit.data.tabular.columns import Columns
from seqtoolkit.data.tabular.long import read_long
from seqtoolkit.data.tabular.missing import fill, gaps, recode, refuse_missing
from seqtoolkit.data.tabular.order import Gaps, Segments, in_order
from seqtoolkit.data.tabular.plan import Plan
from seqtoolkit.data.tabular.rows import Rows
from seqtoolkit.data.tabular.splits import Split
from seqtoolkit.data.tabular.table import Known, Table
from seqtoolkit.data.tabular.tables import TableFile
from seqtoolkit.data.tabular.wide import read_wide


@dataclass(frozen=True, eq=False)
class Read:
    """A file that was read and brought in order."""

    table: Table
    segments: Segments
    columns: Columns


@dataclass(frozen=True, eq=False)
class Prepared:
    """Rows that a model reads, with what they are called outside."""

    rows: Rows
    segments: Segments
    table: Table  # its values are the rows'


def read(
    file: TableFile, columns: Columns, gaps: Gaps, known: Known | None = None, asked: bool = True
) -> Read:
    """Read a file of either form; `asked` says whether targets are needed."""
    known = known or Known()
    if columns.form == "long":
        table, columns = read_long(file, columns, asked, known)
    else:
        table = read_wide(file, columns, asked, known)
    return Read(*in_order(table, gaps), columns)


def without(found: Read, dropped: list[str]) -> Read:
    """Leave out channels; raises ValueError when nothing is left, or something that is asked for would go."""
    if not dropped:
        return found
    columns = found.columns
    if asked := [name for name in dropped if name in columns.targets and columns.task == "regression"]:
        raise ValueError(f"{found.table.file}: the target {asked[0]!r} has one value in all training rows")
    gone = set(dropped)
    keep = [place for place, name in enumerate(found.table.columns) if name not in gone]
    numbers = [name for name in columns.numbers if name not in gone]
    targets = [name for name in columns.targets if name not in gone]
    if (not numbers and not columns.categorical) or not targets:
        raise ValueError(f"{found.table.file}: every channel has one value in all training rows")
    table = replace(
        found.table,
        columns=[found.table.columns[place] for place in keep],
        values=found.table.values[:, keep],
        origin=found.table.origin[keep],
    )
    return Read(table, found.segments, replace(columns, numbers=numbers, targets=targets))


def known_of(plan: Plan, asked: bool, classes: list[str]) -> Known:
    """Say what the files of a checkpoint have in common with those of its training."""
    width = len(plan.columns.values if asked else plan.columns.numbers)
    clock = plan.clock
    return Known(
        plan.scaling.center[:width].copy(), [list(some) for some in plan.levels], list(classes), clock
    )


def missing_in(found: Read, missing: str) -> list[str]:
    """List the channels that miss values; raises ValueError for the first where that is an error."""
    columns = found.columns
    if missing == "error":
        refuse_missing(found.table, columns.numbers, columns.categorical)
        return []
    found_in = [columns.numbers[column] for column in gaps(found.table, len(columns.numbers))]
    for name in found_in if missing == "forward" else ():
        if np.isnan(found.table.values[:, columns.numbers.index(name)]).all():
            raise ValueError(
                f"{found.table.file}: channel {name!r} has no value, so none can be carried forward"
            )
    return found_in


def prepare(found: Read, plan: Plan, split: Split, classes: list[str]) -> Prepared:
    """Scale and fill in place, and number texts as training does."""
    table, numbers = found.table, plan.columns.numbers
    here = missing_in(found, plan.missing)
    if plan.missing == "mask" and (new := [name for name in here if name not in plan.gapped]):
        raise ValueError(
            f"{table.file}: channel {new[0]!r} misses values, and did not in training; fill them in, or train again"
        )
    width = table.values.shape[1]
    replace(plan.scaling, center=plan.scaling.center[:width], scale=plan.scaling.scale[:width]).apply(table)
    places = plan.columns.places(plan.gapped if plan.missing == "mask" else here)
    known = fill(table, found.segments, np.array(places, np.int64))
    codes = recode(table, plan.columns.categorical, plan.levels, plan.unseen)
    rows = Rows(
        values=torch.from_numpy(table.values),
        channels=len(numbers),
        gaps=torch.tensor(places, dtype=torch.long),
        known=torch.from_numpy(known),
        masked=plan.missing == "mask",
        codes=torch.from_numpy(codes),
        levels=tuple(map(len, plan.levels)),
        labels=torch.from_numpy(_labels(table, classes)),
        split=torch.from_numpy(split),
    )
    return Prepared(rows, found.segments, table)


def classes_of(found: Read, rows: NDArray[np.bool_]) -> list[str]:
    """List the labels of the training rows, in alphabetical order (numbers in theirs).

    Raises ValueError when there are fewer than two.
    """
    table = found.table
    met = {table.classes[code] for code in np.unique(table.labels[rows]) if code != MISSING}
    if len(met) < 2:
        raise ValueError(
            f"{table.file}: the labels {found.columns.label!r} of the training rows are"
            f" {', '.join(map(repr, met)) or 'all missing'}; expected two classes or more"
        )
    return sorted(met, key=_as_number)


def _as_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return np.inf, text


def _labels(table: Table, classes: list[str]) -> NDArray[np.int32]:
    """Number the labels of all rows as training does; raises ValueError for one that training has not met."""
    if not len(table.labels):
        return np.zeros(0, np.int32)
    places = {text: number for number, text in enumerate(classes)}
    map_to = np.array([places.get(text, -2) for text in table.classes] + [MISSING], np.int32)
    labels: NDArray[np.int32] = map_to[table.labels]
    for row in np.flatnonzero(labels == -2)[:1]:
        raise ValueError(
            f"{table.place(int(row))}: the class {table.classes[table.labels[row]]!r:.80} is not in the training rows,"
            f" which have {', '.join(classes[:10]):.200}; give training such rows, or leave them out"
        )
    return labels

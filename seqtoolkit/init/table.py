"""A table: its rows, groups, channels and gaps, and which series task it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqtoolkit.data.tabular.clock import usual
from seqtoolkit.data.tabular.source import open_table
from seqtoolkit.data.tabular.tables import TableFile, polars
from seqtoolkit.init.holes import filled, has_holes
from seqtoolkit.init.roles import NAMELESS, Roles, is_sorted, roles_of, timed
from seqtoolkit.init.sampled import BLOCK, drawn, group_sizes, missing_cells
from seqtoolkit.init.seen import Option, Seen, Sure, listed, many, spread

if TYPE_CHECKING:
    from polars import DataFrame

FEWEST = 3  # groups that can be divided into train, val and test
SERIES = "seqtoolkit.data.series.SeriesData"


def cells(path: str, lines: list[str]) -> Seen:
    """Look at columns of text: series of numbers, or texts with a label."""
    from seqtoolkit.init.text import labelled

    file = open_table(path)
    sample = drawn(file)
    return labelled(path, sample.drop(BLOCK)) or _series(path, file, sample)


def table(path: str, lines: list[str]) -> Seen:
    """Look at a Parquet or Arrow table."""
    file = open_table(path)
    return _series(path, file, drawn(file))


def _series(path: str, file: TableFile, sample: DataFrame) -> Seen:
    rows = file.rows  # or what is wrong is said
    roles = roles_of(sample.drop(BLOCK))
    if not roles.channels and (not roles.categorical or not (roles.label or roles.value)):
        raise ValueError(
            f"{path} has the columns {listed(list(file.types))}, and no numbers to read beside time, group and labels"
            + "".join(f"; {warning}" for warning in roles.warnings[:1])
        )
    missing = missing_cells(file, [roles.value] if roles.name else roles.channels)
    groups, least, most = group_sizes(file, roles.group) if roles.group else (1, rows, rows)
    mean = "" if least == most else f", {rows / groups:,.0f} in the mean"
    task, what = _task(roles, sample)
    names = [name if name.strip() else NAMELESS for name in file.types]
    facts = [
        f"{many(rows, 'row')}, {many(len(file.types), 'column')}: {listed(names)}",
        f"time in {roles.time!r}" if roles.time else "no column of time: rows are taken as one step apart",
        f"{many(groups, 'group')} of {spread([least, most], 'row')}{mean}, by {roles.group!r}"
        if roles.group
        else "one series",
        f"{many(len(roles.channels), 'channel')}: {listed(roles.channels)}",
    ]
    facts += [f"columns of texts: {listed(roles.categorical)}"] if roles.categorical else []
    facts += (
        [f"missing cells: {listed([f'{name} {count:,}' for name, count in missing.items()])}"]
        if missing
        else []
    )
    facts += [f"left out: {listed(roles.left_out)}"] if roles.left_out else []
    options = [*_columns(path, roles), *_of_task(task, roles, sample)]
    if task != "forecast" and groups >= FEWEST and not _one_each(roles, sample):
        options.append(Option("split", "group", "or time: then each group has rows in train, val and test"))
    options += [filled(roles)] if missing or has_holes(roles, sample) else []
    more, warnings = _order(roles, sample)
    return Seen(
        what=f"a table of {'the long form, a line for each value' if roles.name else 'series'}",
        facts=facts,
        guess=what,
        sure=_sure(roles),
        why=_why(roles),
        data=SERIES,
        options=[*options, *more, *_odd(roles, sample)],
        others=_others(task, roles),
        warnings=[*roles.warnings, *warnings],
    )


def _task(roles: Roles, sample: DataFrame) -> tuple[str, str]:
    if roles.label:
        where = f"each {roles.group!r}" if _one_each(roles, sample) else "each step"
        return "classification", f"a classification of {where} by {roles.label!r}"
    if roles.value and not roles.name:
        return "regression", f"a regression: {roles.value!r} from {many(len(roles.channels), 'channel')}"
    return "forecast", f"a forecast of {many(len(roles.channels), 'channel')}"


def _columns(path: str, roles: Roles) -> list[Option]:
    options = [Option("file", path)]
    if roles.name:
        options += [Option("form", "long"), Option("name", roles.name), Option("value", roles.value)]
    options += [Option("time", roles.time)] if roles.time else []
    options += (
        [Option("group", roles.group, "a group is never divided by --data.split group")]
        if roles.group
        else []
    )
    if not roles.name:
        options += [Option("channels", roles.channels, "what is read")]
        options += (
            [Option("categorical", roles.categorical, "texts, read one-hot")] if roles.categorical else []
        )
    return options


def _of_task(task: str, roles: Roles, sample: DataFrame) -> list[Option]:
    options = [Option("task", task, "forecast, next, regression or classification")]
    if task == "classification":
        end = "end" if _one_each(roles, sample) else "step"
        return [
            *options,
            Option("targets", [roles.label]),
            Option("at", end, "every step, or the end of each group"),
        ]
    if task == "regression":
        return [
            *options,
            Option("targets", [roles.value]),
            Option("at", "step", "every step, or the end of each group"),
        ]
    horizon = Option("horizon", 1, "steps ahead; add quantiles: [0.1, 0.5, 0.9] for bands")
    return [*options, horizon]


def _one_each(roles: Roles, sample: DataFrame) -> bool:
    """Say whether each group has one label only."""
    if roles.group is None or roles.label is None:
        return False
    pl = polars()
    return bool(
        sample.group_by(roles.group)
        .agg(pl.col(roles.label).drop_nulls().n_unique() < 2)
        .select(roles.label)
        .to_series()
        .all()
    )


def _order(roles: Roles, sample: DataFrame) -> tuple[list[Option], list[str]]:
    """Look at the time stamps of the sample: what has gaps needs an option, what goes back must be sorted."""
    if roles.time is None or roles.name:
        return [], []
    if not is_sorted(sample, roles.time, roles.group):
        return [], [
            f"time in {roles.time!r} stands still or goes back; sort the file, or say what tells series apart"
        ]
    pl = polars()
    moved = pl.col(roles.time).diff().over([BLOCK, *([roles.group] if roles.group else [])])
    distances = timed(sample, roles.time).select(moved).to_series().drop_nulls().to_numpy()
    step = usual(distances) if len(distances) else None
    if step is None or (abs(distances / step - 1) < 1e-3).all():
        return [], []
    gap = "no window reaches across missing rows; or ignore: they count as one step"
    return [Option("gaps", "split", gap)], []


def _odd(roles: Roles, sample: DataFrame) -> list[Option]:
    """Return options for what SeriesData refuses without them: constant channels, groups of one row."""
    constant = _constant(roles, sample)
    options = [Option("constant", "drop", f"{listed(constant)} may never change")] if constant else []
    if roles.group:
        rows = polars().col(roles.time).n_unique() if roles.name else polars().len()
        if sample.group_by(roles.group).agg(rows.alias("rows"))["rows"].min() == 1:
            options.append(Option("short", "skip", "groups of one row"))
    return options


def _constant(roles: Roles, sample: DataFrame) -> list[str]:
    if not roles.name:
        return [name for name in roles.channels if sample[name].drop_nulls().n_unique() < 2]
    pl = polars()
    values = sample.group_by(roles.name).agg(pl.col(roles.value).drop_nulls().n_unique().alias("values"))
    return sorted(map(str, values.filter(pl.col("values") < 2)[roles.name]))


def _sure(roles: Roles) -> Sure:
    return "likely" if roles.by_name and (roles.time or roles.label) else "a guess"


def _why(roles: Roles) -> str:
    if roles.name:
        times = "times do not repeat" if roles.alone else "times repeat"
        return f"{roles.name!r} may name what {roles.value!r} holds, and {times} from one to the other"
    if roles.label or roles.value:
        return f"a column is called {roles.label or roles.value!r}"
    return (
        "numbers change with time"
        if roles.time
        else "it has numbers, and no column was taken for times or labels"
    )


def _others(task: str, roles: Roles) -> list[str]:
    if roles.alone:
        return [
            f"If {roles.value!r} is one channel, whatever {roles.name!r} says: leave out form, name, value and missing,"
            f" and add channels: [{roles.value}], categorical: [{roles.name}]."
        ]
    if task == "forecast":
        return [
            "To find a column from the others instead: task: regression (or classification), targets: [COLUMN]."
        ]
    return ["To forecast the channels instead: task: forecast, and leave out targets and at."]

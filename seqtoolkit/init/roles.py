"""Which column of a table is what: time, group, label, value to find, channels. A guess from names and a sample."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seqtoolkit.data.tabular.clock import clock_of
from seqtoolkit.data.tabular.tables import polars
from seqtoolkit.init.nearly import no_time, spoilt

if TYPE_CHECKING:
    from polars import DataFrame, Series

TIME = (
    "time",
    "timestamp",
    "datetime",
    "date",
    "ds",
    "t",
    "step",
    "cycle",
    "index",
    "day",
    "hour",
    "month",
    "year",
)
GROUP = (
    "group",
    "id",
    "series",
    "unit",
    "machine",
    "subject",
    "patient",
    "device",
    "sensor",
    "session",
    "user",
    "item",
    "store",
)
LABEL = ("label", "class", "target", "y", "category", "activity", "state", "outcome", "failure", "species")
VALUE = ("rul", "target", "y", "remaining", "ttf")
NAME = ("name", "variable", "channel", "sensor", "metric", "parameter", "series", "item", "id")
NAMELESS = "a column without a name"
FEW = 50  # classes at most
FORGOTTEN = 0.1  # of the rows at most have no time stamp, which is then refused with its row
SHORTEST = 3  # rows of a group, in the mean


@dataclass
class Roles:
    """Names of columns; what is in none of these is a channel, or left out."""

    time: str | None = None
    group: str | None = None
    label: str | None = None
    value: str | None = None  # that is to be found, of a regression; of the long form, the column of values
    name: str | None = None  # of the long form: the column of channel names
    channels: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)  # why some were left out that need not be
    by_name: bool = False  # whether time, group and label were known by their names
    alone: bool = (
        False  # of the long form: whether no two lines share a time, as where sensors send when they like
    )


def roles_of(sample: DataFrame) -> Roles:
    """Guess the roles of a table's columns from its first rows (numbers are numbers, texts are texts)."""
    roles, free = Roles(), [name for name in sample.columns if name.strip()]
    roles.left_out = [NAMELESS] * (len(sample.columns) - len(free))
    roles.time = _time(sample, free)
    _take(free, roles.time)
    if _is_long(sample, free, roles):
        return roles
    roles.group = _group(sample, free, roles.time)
    _take(free, roles.group)
    roles.value = next((name for name in free if _word(name) in VALUE and _is_real(sample[name])), None)
    _take(free, roles.value)
    if roles.value is None:
        roles.label = next((name for name in free if _word(name) in LABEL and _is_label(sample[name])), None)
        _take(free, roles.label)
    for name in free:
        column = sample[name]
        if why := spoilt(column):
            roles.left_out.append(name)
            roles.warnings.append(why)
        elif column.dtype.is_numeric() or column.null_count() == len(column):
            (roles.left_out if column.null_count() == len(column) else roles.channels).append(name)
        elif _is_label(column):
            roles.categorical.append(name)
        else:
            roles.left_out.append(name)
            roles.warnings += [no_time(column)] if roles.time is None and _word(name) in TIME else []
    roles.by_name = all(
        name is None or _word(name) in words
        for name, words in (
            (roles.time, TIME),
            (roles.group, GROUP),
            (roles.label or roles.value, LABEL + VALUE),
        )
    )
    return roles


def is_sorted(sample: DataFrame, time: str, group: str | None) -> bool:
    """Say whether time goes forward, in each group where there are groups."""
    pl = polars()
    moved = pl.col(time).diff() if group is None else pl.col(time).diff().over(group)
    return bool(timed(sample, time).select((moved > 0).fill_null(True).all()).item())


def timed(sample: DataFrame, time: str) -> DataFrame:
    """Return the sample with time stamps as numbers."""
    pl = polars()
    times, missing = clock_of(sample[time], None, "sample").read(sample[time])
    return sample.with_columns(pl.Series(time, times).set(pl.Series(missing), None))


def _time(sample: DataFrame, free: list[str]) -> str | None:
    """Return the first column of dates, else one that is called like a time and has different values."""
    pl = polars()
    for name in free:
        if sample[name].dtype.is_temporal() and _are_dates(sample[name]):
            return name
    for name in free:
        if sample[name].dtype == pl.String and _are_dates(sample[name]):
            return name
    for name in free:
        column = sample[name]
        if (
            _word(name) in TIME
            and column.dtype.is_numeric()
            and column.null_count() <= FORGOTTEN * len(column)
        ):
            return name
    return None


def _are_dates(column: Series) -> bool:
    try:
        return clock_of(column, None, "sample").unit != "number" and column.null_count() < len(column)
    except ValueError:
        return False


def _group(sample: DataFrame, free: list[str], time: str | None) -> str | None:
    """Return the column that tells series apart: known by its name, or the one within which time goes forward."""
    whole = [name for name in free if not sample[name].dtype.is_float() and sample[name].null_count() == 0]
    whole = [name for name in whole if 1 < sample[name].n_unique() <= max(1, len(sample) / SHORTEST)]
    named = [name for name in whole if _word(name) in GROUP]
    if time is None:
        return next(iter(named), None)
    if is_sorted(sample, time, None):  # one series, as far as time tells
        return next((name for name in named if _in_runs(sample[name])), None)
    fits = [name for name in [*named, *whole] if is_sorted(sample, time, name)]
    return next(iter(fits), None)


def _in_runs(column: Series) -> bool:
    """Say whether the rows of a group stand together."""
    return int(column.rle_id().max()) + 1 == column.n_unique()  # type: ignore[arg-type]


def _is_long(sample: DataFrame, free: list[str], roles: Roles) -> bool:
    """Say whether a line holds one value, of the channel that another column names; fill in the roles."""
    if roles.time is None or len(free) not in (2, 3):
        return False
    values = [name for name in free if sample[name].dtype.is_float() or _word(name) == "value"]
    names = [
        name
        for name in free
        if name not in values and _word(name) in NAME and not sample[name].dtype.is_float()
    ]
    if len(values) != 1 or not names or sample[names[0]].n_unique() > FEW:
        return False
    called = _word(values[0]) == "value"
    alone = is_sorted(sample, roles.time, None)
    if alone and not (called and _take_turns(sample[names[0]])):
        return False
    rest = [name for name in free if name not in (values[0], names[0])]
    roles.name, roles.value, roles.group = names[0], values[0], next(iter(rest), None)
    roles.channels = sorted(map(str, sample[names[0]].unique().to_list()))
    roles.by_name, roles.alone = called and not alone, alone
    return True


def _take_turns(column: Series) -> bool:
    """Say whether there are several values, and none keeps its rows together as a group does."""
    return column.n_unique() > 1 and not _in_runs(column)


def _is_label(column: Series) -> bool:
    """Say whether a column has few values, each more than once."""
    if column.dtype.is_float() or column.dtype.is_temporal():
        return False
    return 1 < column.drop_nulls().n_unique() <= min(FEW, max(2, len(column) // 4))


def _is_real(column: Series) -> bool:
    return column.dtype.is_numeric() and not _is_few(column)


def _is_few(column: Series) -> bool:
    return column.drop_nulls().n_unique() <= 10


def _word(name: str) -> str:
    """Return a column's name as the lists above write it: the first that it consists of."""
    words = name.lower().replace("-", "_").replace(" ", "_").split("_")
    return next(
        (word for word in words if word in {*TIME, *GROUP, *LABEL, *VALUE, *NAME, "value"}), name.lower()
    )


def _take(free: list[str], name: str | None) -> None:
    if name is not None:
        free.remove(name)

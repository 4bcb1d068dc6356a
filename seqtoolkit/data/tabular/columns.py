"""Which column of a table is what: time, group, channels that are read, targets that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from seqtoolkit.data.tabular.tables import Kind, TableFile

Form = Literal["wide", "long"]
Task = Literal["forecast", "next", "regression", "classification"]
FORECASTS = ("forecast", "next")  # their targets are channels, later


@dataclass(frozen=True)
class Columns:
    """The columns of a series by name. In long form channels are values of the column `name`. JSON-plain."""

    task: Task
    form: Form
    time: str | None
    group: str | None
    name: str
    value: str
    time_format: str | None
    numbers: list[str]  # channels that are read
    categorical: list[str]  # columns of texts that are read, one-hot
    targets: list[str]  # what is asked for: of a forecast channels, of a classification one column of labels

    @property
    def values(self) -> list[str]:
        """The columns (or channels) of numbers: those that are read, then those that are only asked for."""
        return [*self.numbers, *(self.targets if self.task == "regression" else [])]

    def places(self, names: Sequence[str]) -> list[int]:
        """Return where columns of numbers stand among `values`."""
        found = {name: place for place, name in enumerate(self.values)}
        return [found[name] for name in names]

    @property
    def label(self) -> str | None:
        """The column of labels of a classification."""
        return self.targets[0] if self.task == "classification" else None

    def kinds(self, asked: bool) -> dict[str, Kind]:
        """Say how each column of the file is read; `asked` is false where targets are not needed."""
        labels = [self.label] if asked and self.label else []
        texts = [self.group, *self.categorical, *labels]
        kinds: dict[str, Kind] = {name: "text" for name in texts if name}
        if self.form == "long":
            kinds |= {self.name: "text", self.value: "number"}
        else:
            kinds |= dict.fromkeys(self.values if asked else self.numbers, "number")
        return kinds | ({self.time: "time"} if self.time else {})

    def require(self, file: TableFile, asked: bool) -> None:
        """Check that a file has every column that is needed; raises ValueError that names file and column."""
        options = {self.time: "--data.time", self.group: "--data.group"}
        if self.form == "long":
            options |= {self.name: "--data.name", self.value: "--data.value"}
        options |= dict.fromkeys(self.categorical, "--data.categorical")
        wanted = {name: options.get(name, "--data.channels") for name in self.kinds(asked)}
        if asked and self.task not in FORECASTS and self.form == "wide":
            wanted |= dict.fromkeys(self.targets, "--data.targets")
        file.require(wanted)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild them from plain values; raises ValueError when they are none of ours."""
        names = {field.name for field in fields(cls)}
        if not isinstance(value, dict) or set(value) != names:
            raise ValueError(f"the columns of a series have the fields {', '.join(sorted(names))}")
        lists = all(isinstance(value[name], list) for name in ("numbers", "categorical", "targets"))
        if not lists or not all(isinstance(value[name], str) for name in ("task", "form", "name", "value")):
            raise ValueError("the columns of a series are lists of names")
        return cls(**value)


def choose(
    file: TableFile,
    task: Task,
    form: Form,
    time: str | None,
    group: str | None,
    name: str,
    value: str,
    time_format: str | None,
    channels: Sequence[str] | None,
    categorical: Sequence[str],
    targets: Sequence[str] | None,
) -> Columns:
    """Complete what was asked for with what the file has: by default every column that is nothing else is read.

    In long form the channels are known only when the file has been read: `numbers` is empty where all are meant.
    Raises ValueError for a column that is not there, has two roles, or a task without its targets.
    """
    if form == "long" and categorical:
        raise ValueError(
            f"--data.categorical {' '.join(categorical)}: the long form has channels of numbers only;"
            " give a file of the wide form (a column for each channel)"
        )
    if form == "long" and time is None:
        raise ValueError("the long form needs --data.time, the column of the time stamps that make a row")
    asked = list(targets or [])
    _check_targets(task, asked)
    roles = {part for part in (time, group) if part} | (set(asked) if task not in FORECASTS else set())
    if channels is None and form == "wide":
        channels = [column for column in file.types if column not in roles | set(categorical)]
        _check_named(file, channels)
    numbers = [column for column in channels or [] if column not in categorical]
    if both := [column for column in [*numbers, *categorical] if column in roles]:
        what = "asked for, so that a model would copy it" if both[0] in asked else "the time or the group"
        raise ValueError(f"the channel {both[0]!r} is {what}: leave it out of --data.channels")
    if not numbers and not categorical and form == "wide":
        raise ValueError(f"{file.name} has no channel to read beside the time, the group and the targets")
    _check_types(file, numbers if form == "wide" else [])
    if task in FORECASTS and form == "wide":
        asked = asked or numbers
        if strange := sorted(set(asked) - set(numbers)):
            raise ValueError(
                f"--data.targets {strange[0]}: a forecast is of channels; add it to --data.channels"
            )
    return Columns(task, form, time, group, name, value, time_format, numbers, list(categorical), asked)


def _check_targets(task: Task, asked: Sequence[str]) -> None:
    if task == "next" and asked:
        raise ValueError(
            "--data.task next is of all channels: leave out --data.targets, or take --data.task forecast"
        )
    if task == "regression" and not asked:
        raise ValueError("--data.task regression needs --data.targets, the columns of the values to find")
    if task == "classification" and len(asked) != 1:
        raise ValueError(
            f"--data.task classification needs one column of labels: --data.targets '[label]'; got {list(asked)}"
        )


def _check_named(file: TableFile, channels: Sequence[str]) -> None:
    """Refuse a column without a name where all columns are read: it mostly holds the numbers of the rows."""
    for column in channels:
        if not column.strip():
            place = list(file.types).index(column) + 1
            raise ValueError(
                f"{file.name}: column {place:,} of {len(file.types):,} has no name in the first line; write one, name"
                " the columns to read in --data.channels, or take it out (pandas writes row numbers so, unless you type"
                " to_csv(..., index=False))"
            )


def _check_types(file: TableFile, numbers: Sequence[str]) -> None:
    for column in numbers:
        kind = file.types.get(column)
        if kind is not None and kind.is_temporal():
            raise ValueError(
                f"{file.name}: column {column!r} has dates; name it in --data.time, or choose --data.channels"
            )
        if kind is not None and kind.is_nested():
            raise ValueError(
                f"{file.name}: column {column!r} has several values in a row ({kind}); expected a number in each,"
                " or choose --data.channels"
            )

"""Time stamps of a series: numbers, dates or texts that are dates; whether they are regular, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.tabular.tables import polars

if TYPE_CHECKING:
    from polars import Series

Times = NDArray[Any]  # int64 (whole numbers; microseconds of dates) or float64
FORMATS = tuple(
    f"{day}{between}{clock}"
    for day in ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y")
    for between, clocks in (
        ("", ("",)),
        (" ", ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f")),
        ("T", ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f", "%H:%M:%S%.fZ", "%H:%M:%S%.f%z")),
    )
    for clock in clocks
)
_REGULAR = 0.9  # of the steps are alike: then the others are gaps


@dataclass(frozen=True)
class Clock:
    """How time stamps are read and written.

    `unit` is "number", "date" (microseconds) or "month" (dates on the same day of each month); `step` is the distance
    between two rows in that unit, or null where it varies. JSON-plain.
    """

    unit: str = "number"
    format: str | None = None  # of texts
    zone: str | None = None
    step: float | None = None

    def read(self, column: Series) -> tuple[Times, NDArray[np.bool_]]:
        """Return the times of a column, and which of them are missing (or cannot be read)."""
        pl = polars()
        if self.format is not None:
            column = column.cast(pl.String).str.to_datetime(self.format, strict=False, time_unit="us")
        elif column.dtype == pl.String:
            whole = column.cast(pl.Int64, strict=False)
            is_whole = whole.null_count() == column.null_count()
            column = whole if is_whole else column.cast(pl.Float64, strict=False)
        if column.dtype.is_temporal():
            column = column.cast(pl.Datetime("us", self.zone)).cast(pl.Int64)
        missing = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
        kind = pl.Int64 if column.dtype.is_integer() else pl.Float64
        return column.cast(kind).fill_null(0).to_numpy(), missing.to_numpy()

    def places(self, times: Times) -> Times:
        """Return times as numbers that regular rows have at equal distances."""
        if self.unit != "month":
            return times
        months: Times = times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        return months

    def after(self, last: Any, steps: int) -> str | float | int | None:
        """Write the time that is so many steps after the last one; null where steps vary."""
        if self.step is None:
            return None
        if self.unit != "month":
            return self.write(last + steps * (int(self.step) if float(self.step).is_integer() else self.step))
        pl = polars()
        moved = self._dates([int(last)]).dt.offset_by(f"{steps * int(self.step)}mo")
        return self.write(moved.cast(pl.Int64)[0])

    def write(self, time: Any) -> str | float | int:
        """Write a time as it was read."""
        if self.unit == "number":
            return (
                int(time) if float(time).is_integer() else float(f"{time:.12g}")
            )  # 0.3, not 0.30000000000000004
        date = self._dates([int(time)])
        if self.format is not None:
            return str(date.dt.strftime(self.format)[0])
        return str(date.dt.to_string("iso:strict")[0]).replace(".000000", "")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a clock from plain values; raises ValueError when they are none of ours."""
        if not isinstance(value, dict) or set(value) != {"unit", "format", "zone", "step"}:
            raise ValueError(f"a clock has unit, format, zone and step; found {value!r:.80}")
        return cls(**value)

    def _dates(self, times: Sequence[int]) -> Series:
        pl = polars()
        dates: Series = pl.Series(times, dtype=pl.Int64).cast(pl.Datetime("us"))
        return dates.dt.replace_time_zone("UTC").dt.convert_time_zone(self.zone) if self.zone else dates


def clock_of(column: Series, format: str | None, where: str, before: Clock | None = None) -> Clock:
    """Find out how the time stamps of a column are written, from its first rows; `before` is the clock of training.

    Another file may write its dates in another way, be it a CSV of a model that was trained on Parquet: unit and step
    are those of training.
    Raises ValueError when they are neither numbers nor dates, or not what training has; `where` names the file.
    """
    if before is None:
        return _written(column, format, FORMATS, where)
    if column.null_count() == len(column):
        return before
    found = _written(column, format, (before.format, *FORMATS) if before.format else FORMATS, where)
    if (found.unit == "number") != (before.unit == "number"):
        has, had = ("numbers" if clock.unit == "number" else "dates" for clock in (found, before))
        raise ValueError(
            f"{where}: the time column {column.name!r} has {has}; expected {had}, as in training"
        )
    return replace(found, unit=before.unit, step=before.step)


def _written(column: Series, format: str | None, formats: Sequence[str], where: str) -> Clock:
    pl = polars()
    if column.dtype.is_numeric() and format is None:
        return Clock()
    if column.dtype in (pl.Date, pl.Datetime):
        return Clock("date", zone=getattr(column.dtype, "time_zone", None))
    try:
        texts = column.drop_nulls().head(1_000).cast(pl.String)
    except pl.exceptions.InvalidOperationError:
        raise ValueError(
            f"{where}: the time column {column.name!r} is of the type {column.dtype}; expected numbers or dates"
        ) from None
    if format is None and _most(texts.cast(pl.Float64, strict=False).is_not_null()):
        return Clock()
    for known in (format,) if format else formats:
        years = texts.str.to_datetime(known, strict=False).dt.year()
        if _most(years >= (0 if format else 1000)):  # 31/01/26 is no day of the year 31
            return Clock("date", known, "UTC" if "%z" in known else None)
    raise ValueError(
        f"{where}: the time column {column.name!r} has {texts[0]!r:.80}; expected numbers or dates such as"
        " 2026-01-31 or 2026-01-31T12:00:00, or say how they are written: --data.time_format '%d/%m/%Y'"
    )


def _most(read: Series) -> bool:
    """Say whether most texts could be read: then the others are mistakes, which are refused with their rows."""
    return 2 * int(read.sum()) > len(read) or not len(read)


def with_step(clock: Clock, times: Times, starts: NDArray[np.bool_]) -> Clock:
    """Add the usual distance between two rows of a group, when at least 90 % of the distances are alike.

    `starts` marks the first row of each group. Dates on the same day of each month are counted in months.
    """
    inside = ~starts[1:]
    if not inside.any():
        return clock
    step = usual(np.diff(times)[inside])
    if step is None and clock.unit == "date" and _same_day(times):
        monthly = Clock("month", clock.format, clock.zone)
        step = usual(np.diff(monthly.places(times))[inside])
        clock = clock if step is None else monthly
    return Clock(clock.unit, clock.format, clock.zone, step)


def usual(distances: Times) -> float | None:
    """Return the distance that at least 90 % of them have, but for rounding; null when there is none."""
    middle = np.median(distances)
    alike = np.isclose(distances, middle, rtol=1e-3, atol=0)
    return float(middle) if alike.mean() >= _REGULAR and middle > 0 else None


def _same_day(times: Times) -> bool:
    days = times.astype("datetime64[us]")
    day = (days.astype("datetime64[D]") - days.astype("datetime64[M]")).astype(np.int64)
    return bool((day == day[0]).all())

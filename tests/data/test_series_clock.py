"""Time stamps of a series: they go on as they were written, and another file may write its dates in another way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from seqtoolkit.data.tabular.clock import Clock, clock_of, with_step


@pytest.mark.parametrize(
    ("times", "after"),
    [
        (["2026-01-31", "2026-02-01", "2026-02-02"], "2026-02-04"),
        (["2026-10-01", "2026-11-01", "2026-12-01"], "2027-02-01"),
        (["2026-01-31T22:00", "2026-01-31T23:00", "2026-02-01T00:00"], "2026-02-01T02:00"),
        (["31.12.2025", "01.01.2026"], "03.01.2026"),
        (["2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z"], "2026-01-01T00:45:00Z"),
        (["1", "2", "3"], 5),
        (["0.1", "0.2", "0.3"], 0.5),
        (["0", "1", "4", "9", "16"], None),
    ],
)
def test_time_goes_on_as_it_was_written(times: list[str], after: Any) -> None:
    column = pl.Series("time", times)
    clock = clock_of(column, None, "table.csv")
    read, missing = clock.read(column)
    first = np.arange(len(times)) == 0
    clock = with_step(clock, read, first)
    assert not missing.any()
    assert [str(clock.write(time)) for time in read] == times
    assert clock.after(read[-1], 2) == after
    assert Clock.from_dict(clock.to_dict()) == clock


def test_dates_in_another_style_are_asked_for() -> None:
    column = pl.Series("time", ["12/31/25", "01/01/26"])
    for other in (column, pl.Series("time", ["31/01/26", "01/02/26"]), pl.Series("time", ["31.01.26"])):
        with pytest.raises(ValueError, match=r"has '\d\d.*expected numbers or dates .*--data.time_format"):
            clock_of(other, None, "table.csv")
    clock = clock_of(column, "%m/%d/%y", "table.csv")
    assert clock.write(clock.read(column)[0][0]) == "12/31/25"


HOURS = [datetime(2026, 1, 31, 20) + timedelta(hours=step) for step in range(9)]
FIRST = np.arange(len(HOURS)) == 0
WRITINGS = [None, "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z"]


def column(writing: str | None, zone: str | None) -> pl.Series:
    stamps = pl.Series("time", HOURS).dt.replace_time_zone(zone)
    return stamps if writing is None else stamps.dt.strftime(writing)


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("trained", WRITINGS)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_another_file_has_the_same_step_and_its_own_writing(
    trained: str | None, writing: str | None, zone: str
) -> None:
    first = column(trained, zone)
    clock = clock_of(first, None, "train")
    clock = with_step(clock, clock.read(first)[0], FIRST)
    other = column(writing, zone)
    found = clock_of(other, None, "new", clock)
    times, missing = found.read(other)
    assert found.step == clock.step == 3_600_000_000
    assert not missing.any()
    assert (np.diff(times) == found.step).all()
    again = pl.Series("time", [str(found.write(time)) for time in times])
    assert (clock_of(again, None, "written").read(again)[0] == times).all()
    if writing and "%z" not in writing:
        assert again.to_list() == other.to_list()


def test_months_of_parquet_are_months_of_a_csv() -> None:
    months = pl.Series("time", [datetime(2026, month, 1) for month in range(1, 9)])
    clock = clock_of(months, None, "train")
    clock = with_step(clock, clock.read(months)[0], np.arange(8) == 0)
    texts = months.dt.strftime("%Y-%m-%d")
    found = clock_of(texts, None, "new", clock)
    assert (found.unit, found.step, found.format) == ("month", 1, "%Y-%m-%d")
    assert found.after(found.read(texts)[0][-1], 2) == "2026-10-01"


def test_numbers_are_no_dates() -> None:
    dates, numbers = column(None, None), pl.Series("time", [20260131, 20260201])
    for old, new, message in (
        (dates, numbers, "new: the time column 'time' has numbers; expected dates, as in training"),
        (dates, numbers.cast(pl.String), "has numbers; expected dates"),
        (numbers, dates, "has dates; expected numbers, as in training"),
        (numbers, dates.dt.strftime("%Y-%m-%d"), "has dates; expected numbers"),
        (
            dates,
            pl.Series("time", [timedelta(hours=1)]),
            "is of the type Duration.*; expected numbers or dates",
        ),
        (dates, pl.Series("time", ["01/31/26"]), r"has '01/31/26'; expected numbers or dates .*time_format"),
    ):
        with pytest.raises(ValueError, match=message):
            clock_of(new, None, "new", clock_of(old, None, "train"))
    assert clock_of(numbers, "%Y%m%d", "new", clock_of(dates, None, "train")).format == "%Y%m%d"

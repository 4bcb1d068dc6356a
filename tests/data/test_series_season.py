"""Which season a series has: the one its values show, or the one that people count in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seqtoolkit.data.tabular.clock import Clock
from seqtoolkit.data.tabular.season import season_of, usual_season


def test_a_season_is_a_peak_of_the_autocorrelation() -> None:
    random, time = np.random.default_rng(0), np.arange(2000)
    wave = np.sin(2 * np.pi * time / 24)[:, None]
    assert season_of(wave + random.standard_normal((2000, 3))) == 24
    assert season_of(wave + 0.05 * time[:, None]) == 24  # whatever the trend
    assert season_of(random.standard_normal((2000, 1))) is None
    assert season_of(random.standard_normal((2000, 1)).cumsum(0)) is None
    assert season_of(wave[:60]) is None  # fewer than three cycles
    assert season_of(wave[:8]) is None


@pytest.mark.parametrize(
    ("unit", "hours", "season"),
    [
        ("date", 1, 24), ("date", 24, 7), ("date", 0.25, 96), ("date", 1 / 60, 60), ("date", 6, 4), ("date", 12, 2),
        ("date", 168, None), ("date", 7, None), ("number", 1, None), ("date", None, None),
    ],
)  # fmt: skip
def test_a_clock_has_the_season_that_people_count_in(
    unit: Any, hours: float | None, season: int | None
) -> None:
    step = None if hours is None else hours * 3.6e9
    assert usual_season(Clock(unit, step=step)) == season


def test_months_have_a_year() -> None:
    assert usual_season(Clock("month", step=1)) == 12
    assert usual_season(None) is None

"""Measures side by side: a baseline has one line in both pictures, names are alike, and a cut table says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from seqtoolkit_dashboard.pages import judged, summary
from seqtoolkit_dashboard.theme import LineStyle

from seqtoolkit.data_summary import CHANNELS
from seqtoolkit.quality import Quality
from seqtoolkit.runs import Run
from tests.dashboard.data_folders import series_data
from tests.dashboard.quality_folders import forecast_records

RUN = Run(Path("a"), "a", "finished", arch="lstm")


def dashes(figure: Any) -> dict[str, str]:
    return {trace.name: trace.line.dash for trace in figure.data if trace.name and trace.mode == "lines"}


def measured() -> list[Quality]:
    """Return a measure beside two baselines, whose errors by step are stored in the other order."""
    one = forecast_records(0.4)[0]
    steps = {"model": [0.1, 0.2], "naive": [0.5, 0.6], "season": [0.3, 0.3]}
    return [
        replace(one, baseline=name, baseline_estimate=value, settings={**one.settings, "by_step": steps})
        for name, value in (("season", 0.3), ("naive", 0.55))
    ]


def test_a_baseline_has_the_same_line_over_the_steps_ahead() -> None:
    cards = judged.pictures([(RUN, one) for one in measured()], {"a": LineStyle("#3c69c7", "solid")}, "light")
    whole, by_step = (_figure(card) for card in cards)
    assert set(dashes(whole)) == {"season", "naive"}
    assert len(set(dashes(whole).values())) == 2
    assert {name: dash for name, dash in dashes(by_step).items() if name != "a"} == dashes(whole)


def test_short_names_are_capitals_in_longer_ones_too() -> None:
    assert [judged.title(name) for name in ("mae", "mae_load", "error_rate")] == [
        "MAE",
        "MAE load",
        "Error rate",
    ]


def test_a_table_that_is_cut_says_so() -> None:
    assert summary.KEPT == CHANNELS
    spread = series_data().channels[0]
    for count in (CHANNELS - 1, CHANNELS):
        shown = str(
            summary.shown(
                series_data(outputs=[replace(spread, name=f"y {n}") for n in range(count)]), RUN, "light"
            )
        )
        assert ("A run keeps the first 40 at most" in shown) == (count == CHANNELS)


def _figure(card: Any) -> Any:
    found = [part.figure for part in card._traverse() if hasattr(part, "figure")]
    return found[0]

"""Horizons against the step of training: with intervals, censoring and cost, read from the metrics of a run."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.forming import forming
from seqtoolkit_dashboard.pages.forming import horizons
from seqtoolkit_dashboard.theme import LineStyle

from tests.dashboard.client import call, texts
from tests.dashboard.retention_folders import log_horizons
from tests.dashboard.run_folders import log_line, write_run

STYLE = LineStyle("#3c69c7", "solid")
SERIES = {
    "retention/gradient_horizon": ([10.0, 20.0, 30.0], [0.0, 4.0, 8.0]),
    "retention/gradient_horizon_lower": ([10.0, 20.0, 30.0], [0.0, 2.0, 6.0]),
    "retention/gradient_horizon_upper": ([10.0, 20.0, 30.0], [1.0, 6.0, 8.0]),
    "retention/gradient_horizon_censored": ([10.0, 20.0, 30.0], [0.0, 0.0, 1.0]),
}


@pytest.fixture
def recorded(runs_dir: Path) -> Path:
    folder = write_run(runs_dir, "forming", "lstm", task="recall")
    log_horizons(folder, 200)
    folder.close()
    return runs_dir


def draw(app: Dash, search: str, **more: Any) -> Any:
    given = {"url__search": search, "scheme__data": "light", **more}
    return call(app, ids.FORMING_GRAPH, "url.search", **given)


def test_horizons_are_drawn_with_intervals_censoring_and_cost(app: Dash, recorded: Path) -> None:
    drawn = draw(app, "?run=forming")
    lines = {
        t["line"]["dash"]: t
        for t in drawn[ids.FORMING_GRAPH]["figure"]["data"]
        if t["mode"] == "lines+markers"
    }
    assert set(lines) == {"dash", "dot"}  # of gradient and influence
    assert lines["dash"]["marker"]["symbol"][0] == "circle"
    assert lines["dash"]["marker"]["symbol"][-1] == "triangle-up"
    assert lines["dash"]["customdata"][-1] == ["at least ", 128, 64, 128]
    assert "Its cost: forming: 12.0 s, 2.1% of the training." in drawn[ids.FORMING_CAPTION]["children"]
    assert drawn[ids.FORMING_FRAME]["hidden"] is False


def test_protocols_can_be_chosen_and_without_a_choice_a_run_that_recorded_is_shown(
    app: Dash, recorded: Path
) -> None:
    drawn = draw(app, "?protocol=influence")
    named = [trace["name"] for trace in drawn[ids.FORMING_GRAPH]["figure"]["data"] if trace.get("name")]
    assert named == ["forming"]
    assert draw(app, "?protocol=recall")[ids.FORMING_FRAME]["hidden"] is True


def test_the_horizons_that_are_drawn_are_a_file(app: Dash, recorded: Path) -> None:
    given = {"url__search": "?run=forming&protocol=gradient", "forming_csv__n_clicks": 1}
    sent = call(app, ids.FORMING_DOWNLOAD, "forming-csv.n_clicks", **given)[ids.FORMING_DOWNLOAD]["data"]
    rows = list(csv.DictReader(io.StringIO(sent["content"])))
    assert sent["filename"] == "forming.csv"
    assert {row["protocol"] for row in rows} == {"gradient"}
    curve = draw(app, "?run=forming&protocol=gradient")[ids.FORMING_GRAPH]["figure"]["data"][-1]
    assert [float(row["step"]) for row in rows] == curve["x"]
    assert [[float(row[end]) for end in ("horizon", "lower", "upper")] for row in rows] == [
        list(values[1:]) for values in curve["customdata"]
    ]
    last = {name: float(rows[-1][name]) for name in ("censored", "seconds", "share_of_training")}
    assert last == {"censored": 1, "seconds": 12.0, "share_of_training": 0.021}


def test_the_button_waits_for_numbers(app: Dash, recorded: Path) -> None:
    assert draw(app, "?run=forming")[ids.FORMING_CSV]["disabled"] is False
    assert draw(app, "?run=recall-lstm")[ids.FORMING_CSV]["disabled"] is True
    given = {"url__search": "?run=recall-lstm", "forming_csv__n_clicks": 1}
    assert call(app, ids.FORMING_DOWNLOAD, "forming-csv.n_clicks", **given) is None


def test_without_any_it_says_what_to_type(app: Dash) -> None:
    drawn = draw(app, "?run=recall-lstm")
    assert drawn[ids.FORMING_FRAME]["hidden"] is True
    assert any("--retention.protocols gradient,influence" in text for text in texts(drawn))


def test_a_live_run_sends_only_what_is_new(app: Dash, recorded: Path) -> None:
    first = draw(app, "?run=forming")
    log_line(
        recorded / "forming",
        step=1600,
        **{f"retention/gradient_horizon{end}": 9.0 for end in ("", "_lower", "_upper")},
    )
    sent = draw(app, "?run=forming", forming_seen__data=first[ids.FORMING_SEEN]["data"])
    assert [one["location"] for one in sent[ids.FORMING_GRAPH]["figure"]["operations"]] == [["data"]]


def test_a_horizon_is_never_without_its_interval() -> None:
    found = list(horizons("a", {**SERIES, "retention/influence_horizon": ([10.0], [3.0])}, STYLE))
    assert [(one.protocol, one.steps, one.censored) for one in found] == [
        ("gradient", [10.0, 20.0, 30.0], [False, False, True])
    ]
    missing = {name: ([20.0], [4.0]) if name.endswith("_upper") else value for name, value in SERIES.items()}
    assert next(horizons("a", missing, STYLE)).steps == [20.0]


def test_no_memory_has_a_place_on_a_logarithmic_axis() -> None:
    figure = forming(list(horizons("a", SERIES, STYLE)), "log", "light")
    assert figure.layout.yaxis.ticktext[0] == "0"
    assert figure.data[-1].y[0] == figure.layout.yaxis.tickvals[0] == 0.5
    assert figure.data[-1].customdata[0][1] == 0

"""The Compare page: advice, quality against costs, the memory need, all numbers, and every failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.app import create_app
from seqtoolkit_dashboard.figures.compare import Point, Value, against

from tests.dashboard.client import call, figures, links, page, texts
from tests.dashboard.comparison_folders import comparison, write_comparison

TWO = comparison()["architectures"][:2]


def shown(app: Dash, search: str = "") -> Any:
    drawn = call(app, ids.COMPARE_RESULT, "url.search", url__search=search, scheme__data="light")
    return drawn[ids.COMPARE_RESULT]["children"]


@pytest.fixture
def compared(app: Dash, runs_dir: Path) -> Dash:
    write_comparison(runs_dir, "mine")
    return app


def test_the_advice_has_reasons_and_doubts(compared: Dash) -> None:
    said = texts(shown(compared))
    assert "Use lstm" in said
    assert "lstm has the highest recall_accuracy, 0.965 [0.945, 0.985] over 3 seeds." in said
    assert "1 of 3 trainings of attention failed (the training loss is nan at step 412)." in said


def test_quality_stands_against_each_cost(compared: Dash) -> None:
    titles = [text for text in texts(shown(compared)) if text.startswith("Quality against")]
    assert titles == [
        f"Quality against {cost}"
        for cost in ("parameters", "training time", "prediction latency", "state size", "measured horizon")
    ]
    parameters, seconds, _, state, horizon, _ = figures(shown(compared))
    assert {t["name"] for t in parameters["data"] if t.get("name")} == {"rnn", "lstm", "attention"}
    assert seconds["data"][0]["x"] == [60.0, 69.0, 78.0]  # seeds
    assert len(seconds["data"][4]["x"]) == 2  # the third failed
    assert (state["layout"]["xaxis"]["type"], parameters["layout"]["xaxis"]["type"]) == ("log", "linear")
    symbols = {t["name"]: t["marker"]["symbol"] for t in horizon["data"] if t.get("name")}
    assert symbols == {"rnn": "circle", "lstm": "circle", "attention": "triangle-right"}


def test_the_memory_need_is_said_and_drawn(compared: Dash) -> None:
    found = shown(compared)
    assert "These data need 16 [8, 32] steps of context, as lstm shows, which has the lowest loss." in texts(
        found
    )
    context = figures(found)[-1]
    assert {"rnn", "lstm", "attention"} <= {trace.get("name") for trace in context["data"]}
    assert "n =" not in json.dumps(context["data"])


def test_failures_are_listed(compared: Dash) -> None:
    said = texts(shown(compared))
    assert {
        "Failed or left out",
        "seed 2",
        "the training loss is nan at step 412",
        "its process was killed",
    } <= set(said)
    assert "2/3" in said


def test_the_newest_is_shown_and_others_can_be_chosen(compared: Dash, runs_dir: Path) -> None:
    later = comparison(status="running", recommendation=None)
    write_comparison(runs_dir, "later", later)
    assert compared.server  # both are there
    assert "Not yet: running" in texts(shown(compared))
    assert "8 of 9 trainings are finished; the recommendation stands here at the end." in texts(
        shown(compared)
    )
    assert "Use lstm" in texts(shown(compared, "?compare=mine"))
    assert {"mine", "later"} <= set(texts(page(compared, "/compare")))


def test_a_change_is_noticed(compared: Dash, runs_dir: Path) -> None:
    given = {"url__search": "?compare=mine", "scheme__data": "light"}
    seen = call(compared, ids.COMPARE_RESULT, "url.search", **given)[ids.COMPARE_SEEN]["data"]
    assert call(compared, ids.COMPARE_CHANGED, "tick.n_intervals", **given, compare_seen__data=seen) is None
    write_comparison(runs_dir, "mine", comparison(task="another"))
    assert (
        call(compared, ids.COMPARE_CHANGED, "tick.n_intervals", **given, compare_seen__data=seen) is not None
    )


def test_in_the_folder_of_a_comparison_its_runs_are_links(compared: Dash, runs_dir: Path) -> None:
    assert "seqtoolkit dashboard runs/mine" in texts(shown(compared))
    found = links(shown(create_app(runs_dir / "mine")))
    assert set(found) == {"Training", "Quality", "Memory"}
    runs = "run=rnn-lr0.003-seed0&run=lstm-lr0.003-seed0&run=attention-lr0.003-seed0"
    assert found["Memory"] == f"/memory?{runs}"


@pytest.mark.parametrize("name", ["gone", "..", "../..", "mine/../mine", "/etc"])
def test_what_is_not_there_is_said_and_what_to_type(compared: Dash, name: str) -> None:
    said = texts(shown(compared, f"?compare={name}"))
    assert any(f"No comparison named {name!r} is in this folder." in text for text in said)
    assert any("seqtoolkit compare --config" in text for text in said)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"schema": 9}, "schema 9, expected 1"),
        ({"schema": 1, "architectures": 3}, "'architectures' must be a list of objects"),
        ({"schema": 1, "architectures": [{"arch": "lstm"}]}, "is not what this version writes (KeyError"),
        (comparison(measure=[]), "is not what this version writes (TypeError"),
        (comparison(settings=None), "is not what this version writes (TypeError"),
        (comparison(recommendation=[1]), "is not what this version writes"),
        (
            comparison(architectures=[{**one, "parameters": 10**400} for one in TWO[:1]] + TWO[1:]),
            "is not what this version writes (OverflowError",
        ),
    ],
)
def test_a_damaged_comparison_is_refused_with_a_reason(
    app: Dash, runs_dir: Path, found: dict[str, Any], message: str
) -> None:
    write_comparison(runs_dir, "mine", found)
    assert any(message in text for text in texts(shown(app)))


def test_one_architecture_without_intervals_is_drawn() -> None:
    point = Point("<b>", Value(0.0), Value(1.0), [], "#3c69c7")
    figure = against([point], "cost", "quality", "light")
    assert figure.layout.xaxis.type == "linear"
    assert figure.data[-1].error_y.array is None
    assert str(Value(3.0, 1.0, 5.0, censored=True, upper_censored=True)) == "at least 3 [1, 5+]"

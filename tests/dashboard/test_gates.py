"""The Gates page: maps of a layer in the order of its time constants, one unit as lines, and models that have none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dash import Dash
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures import gates
from seqtoolkit_dashboard.pages.gates import _clicked

from tests.dashboard.client import call, callbacks, texts
from tests.dashboard.run_folders import write_checkpoint

HOSTILE = "<img src=x onerror=alert(1)>%{y}<b>"


@pytest.fixture
def opened(runs_dir: Path) -> Path:
    for arch in ("lstm", "gru", "rnn", "attention"):
        write_checkpoint(runs_dir / f"recall-{arch}" / "checkpoints" / "best.ckpt", arch)
    write_checkpoint(runs_dir / "pairs-plain" / "checkpoints" / "best.ckpt", "gru", encoder="lstm")
    return runs_dir


def draw(app: Dash, search: str) -> dict[str, dict[str, Any]]:
    drawn: dict[str, dict[str, Any]] = call(
        app, ids.GATES_RESULT, "url.search", url__search=search, scheme__data="light"
    )
    return drawn


@pytest.mark.parametrize(
    ("search", "titles"),
    [
        (
            "?look=recall-lstm",
            {"Forget gate", "Input gate", "Output gate", "Cell", "Hidden", "Time constants"},
        ),
        ("?look=recall-gru&layer=2", {"Update gate", "Reset gate", "Hidden", "Time constants"}),
        ("?look=recall-rnn", {"Hidden"}),
        ("?look=pairs-plain&side=encoder", {"Forget gate", "Cell"}),
        ("?look=pairs-plain&side=decoder", {"Update gate", "Reset gate"}),
    ],
)
def test_each_gate_and_state_has_a_map(app: Dash, opened: Path, search: str, titles: set[str]) -> None:
    drawn = draw(app, search + "&text=phone")
    shown = texts(drawn[ids.GATES_RESULT])
    assert titles <= set(shown)
    assert ("Time constants" in shown) == ("rnn" not in search)
    assert [option["label"] for option in drawn[ids.GATES_LAYER]["data"]] == ["1", "2"]
    assert drawn[ids.GATES_SIDES]["hidden"] is ("pairs" not in search)


def test_an_encoder_says_which_way_it_is_shown(app: Dash, opened: Path) -> None:
    assert any("its way forward" in text for text in texts(draw(app, "?look=pairs-plain&side=encoder")))
    assert draw(app, "?look=pairs-plain&side=nonsense") == draw(app, "?look=pairs-plain")


def test_attention_has_no_gates_and_points_to_its_page(app: Dash, opened: Path) -> None:
    shown = texts(draw(app, "?look=recall-attention")[ids.GATES_RESULT])
    assert any("no gates or states" in text for text in shown)
    assert any(text.startswith("/attention?look=recall-attention") for text in shown)


def test_a_unit_is_drawn_as_lines(app: Dash, opened: Path) -> None:
    drawn = draw(app, "?look=recall-lstm&unit=3")
    assert any(text.startswith("Unit 3, τ = ") for text in texts(drawn[ids.GATES_RESULT]))
    assert {"forget gate", "cell"} <= set(texts(drawn[ids.GATES_RESULT]))
    options = [option["value"] for option in drawn[ids.GATES_UNIT]["data"]]
    assert sorted(options, key=int) == [str(number) for number in range(1, 17)]
    slowest = drawn[ids.GATES_UNIT]["data"][0]["label"]
    assert slowest.split("τ = ")[1] >= drawn[ids.GATES_UNIT]["data"][-1]["label"].split("τ = ")[1]


def test_symbols_can_be_drawn_and_are_always_the_same(app: Dash, opened: Path) -> None:
    first = draw(app, "?look=recall-lstm&sample=40")
    assert any(": 41 steps" in text for text in texts(first[ids.GATES_RESULT]))  # with the separator
    assert draw(app, "?look=recall-lstm&sample=40&text=abc")[ids.GATES_RESULT] == first[ids.GATES_RESULT]
    assert any(": 513 steps" in text for text in texts(draw(app, "?look=recall-lstm&sample=999")))


@pytest.mark.parametrize("search", ["&layer=99&unit=999", "&layer=0&unit=-3&sample=x", "&unit=17"])
def test_numbers_beyond_what_there_is_are_survived(app: Dash, opened: Path, search: str) -> None:
    assert any("choose a unit" in text for text in texts(draw(app, "?look=recall-lstm" + search)))


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("?look=recall-lstm&text=caf%C3%A9", "'é'"),
        ("?look=recall-lstm&text=" + "a" * 513, "513 characters"),
        ("?look=..%2Fetc", "No run named '../etc' is in this folder"),
        ("?look=recall-lstm&checkpoint=..%2Fx", "recall-lstm has no checkpoint '../x'"),
        ("?look=minlstm-trial", "need the plugin seqtoolkit-minlstm 0.3.0"),
    ],
)
def test_what_cannot_be_drawn_says_why(app: Dash, opened: Path, search: str, message: str) -> None:
    assert any(message in text for text in texts(draw(app, search)))


def test_units_stand_in_their_order_with_the_slowest_on_top() -> None:
    values = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], np.float32)
    units = gates.Units([2, 0, 1], np.array([5.0, 1.0, np.inf]), pinned=1)
    figure = gates.unit_map(values, "forget_gate", ["a", "b"], units, "light")
    (trace,) = figure.data
    assert np.asarray(trace.z).tolist() == values[[2, 0, 1]].tolist()
    assert trace.text[0][0] == "unit 3, τ = ∞ steps"
    assert (trace.zmin, trace.zmax) == (0, 1)
    assert list(figure.layout.yaxis.ticktext) == ["3", "1", "2"]
    assert (figure.layout.shapes[0].y0, figure.layout.shapes[0].y1) == (0.5, 1.5)
    state = gates.unit_map(values - 0.5, "cell", ["a", "b"], units, "dark").data[0]
    assert state.zmin == -state.zmax < 0


@pytest.mark.parametrize(
    "constants", [[1.0], [np.inf, np.inf], [1e-9, 1e9, np.inf], [2.0, 2.0, 2.0], list(np.linspace(1, 3, 50))]
)
def test_the_histogram_counts_every_unit_once(constants: list[float]) -> None:
    figure = gates.histogram(np.array(constants, np.float32), 1, "light")
    assert sum(figure.data[0].y) == len(constants)
    assert len(figure.layout.xaxis.tickvals) == len(figure.layout.xaxis.ticktext) >= 2
    assert figure.layout.xaxis.title.text == "time constant τ (steps)"


def test_names_from_checkpoints_are_only_text() -> None:
    units = gates.Units([0], np.array([1.0]))
    values = {"cell": np.array([[0.2, 0.8]], np.float32), "forget_gate": np.array([[0.2, 0.8]], np.float32)}
    figures = [
        gates.unit_map(values["cell"], "cell", [HOSTILE] * 2, units, "light"),
        gates.unit_trace(values, 0, [HOSTILE] * 2, "dark"),
    ]
    for figure in figures:
        assert not [text for text in texts(figure.to_plotly_json()) if "<img" in text or "%{y}<b>" in text]


def test_a_click_pins_the_unit_of_its_row_and_a_second_one_lets_it_go(app: Dash, opened: Path) -> None:
    assert _clicked({"points": [{"text": "unit 12, τ = 3 steps"}]}) == 12
    for nonsense in (None, {}, {"points": []}, {"points": [{"text": "x"}]}, {"points": [{}]}):
        assert _clicked(nonsense) is None
    assert any('"kind":"gates-map"' in entry["inputs"][0]["id"] for entry in callbacks(app))

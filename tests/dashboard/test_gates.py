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

from seqtoolkit.run_folder import RunFolder
from tests.dashboard.client import callbacks, page, texts
from tests.dashboard.client import draw_gates as draw
from tests.dashboard.data_folders import recall_data, write_data

HOSTILE = "<img src=x onerror=alert(1)>%{y}<b>"


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


def test_thousands_of_steps_are_written_without_an_exponent() -> None:
    figure = gates.histogram(np.array([0.5, 20, 3000, 25_000], np.float32), 0, "light")
    assert list(figure.layout.xaxis.ticktext) == ["1", "10", "100", "1,000", "10,000"]
    assert [gates.steps(value) for value in (0.1234, 999.4, 1234.5, 12_345, np.inf)] == [
        "0.123 steps", "999 steps", "1,230 steps", "12,300 steps", "∞ steps"
    ]  # fmt: skip


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


def test_of_numbers_an_example_of_the_data_is_read(app: Dash, numbers_opened: Path) -> None:
    drawn = draw(app, "?look=recall-lstm&sample=32&unit=2")
    shown = texts(drawn[ids.GATES_RESULT])
    assert {"Input", "heat", "Forget gate", "val 0", ": 48 steps."} <= set(shown)
    assert "step 48" in shown
    assert not [text for text in shown if "input symbol" in text]
    assert drawn[ids.GATES_TEXT]["placeholder"] == "val 0"
    assert drawn[ids.GATES_TEXT]["label"] == "Example of the data"
    assert drawn[ids.GATES_TEXT]["data"] == [
        {
            "group": "Of validation",
            "items": ["val 0", "val 1", "val 2", "val 3", "val 4", "val 5", "val 6", "val 7"],
        }
    ]
    assert drawn[ids.GATES_SAMPLE]["display"] == "none"
    other = texts(draw(app, "?look=recall-lstm&text=val+3+to+20")[ids.GATES_RESULT])
    assert ": 20 steps." in other
    rolls = draw(app, "?look=recall-gru")
    assert "Update gate" in texts(rolls[ids.GATES_RESULT])
    assert rolls[ids.GATES_TEXT]["label"] == "Example of the data"


@pytest.mark.parametrize(
    ("text", "message"), [("phone", "'phone' names no example"), ("val 99", "val has the examples 0 to ")]
)
def test_what_is_no_example_says_so(app: Dash, numbers_opened: Path, text: str, message: str) -> None:
    drawn = draw(app, f"?look=recall-lstm&text={text}")
    assert any(message in said for said in texts(drawn[ids.GATES_RESULT]))
    assert drawn[ids.GATES_TEXT]["label"] == "Example of the data"


def test_data_that_have_gone_are_said_once(app: Dash, numbers_opened: Path) -> None:
    (numbers_opened / "series.csv").unlink()
    said = [text for text in texts(draw(app, "?look=recall-lstm")) if "series.csv" in text]
    assert len(said) == 1
    assert "cannot be read again" in said[0]


def test_the_field_fits_what_is_read(app: Dash, numbers_opened: Path) -> None:
    lines = recall_data(symbols={"a": 3, "\n": 1})
    write_data(RunFolder(numbers_opened / "recall-rnn"), lines)
    found = {
        name: fields(page(app, "/gates", f"?look=recall-{name}"))[ids.GATES_TEXT] for name in ("lstm", "rnn")
    }
    assert found == {"lstm": "Autocomplete", "rnn": "Textarea"}
    assert fields(page(app, "/attention", "?look=recall-attention"))[ids.ATTENTION_TEXT] == "TextInput"
    typed = page(app, "/attention", "?look=recall-attention&text=a%0Ab")
    assert fields(typed)[ids.ATTENTION_TEXT] == "Textarea"


def fields(node: Any) -> dict[str, str]:
    """Return the kind of every component that has an id."""
    if isinstance(node, list):
        return {name: kind for item in node for name, kind in fields(item).items()}
    if not isinstance(node, dict):
        return {}
    own = {node["props"]["id"]: node["type"]} if isinstance(node.get("props", {}).get("id"), str) else {}
    return own | {name: kind for item in node.values() for name, kind in fields(item).items()}

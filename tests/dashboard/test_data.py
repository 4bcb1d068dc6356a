"""The Data page: what a run was trained on, from what it stored, and what to type where it stored nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from plotly.io.json import to_json_plotly
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.data import balance, histogram, sequences
from seqtoolkit_dashboard.pages import data, summary
from seqtoolkit_dashboard.pages.asked_values import with_asked_values
from seqtoolkit_dashboard.theme import visible

from seqtoolkit.data_record import Bins, DataSummary, Shown
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import Run
from tests.dashboard.client import call, figures, page, texts
from tests.dashboard.data_folders import recall_data, series_data, write_data
from tests.dashboard.run_folders import write_run

RUN = Run(Path("a"), "a", "finished", arch="lstm")


def shown(app: Dash, search: str = "") -> Any:
    drawn = call(app, ids.DATA_RESULT, "url.search", url__search=search, scheme__data="light")
    return drawn[ids.DATA_RESULT]["children"]


def titles(node: Any) -> list[str]:
    cards = texts(node)
    return [
        name
        for name in ("Lengths", "Lags", "Classes", "Labels", "Symbols", "Channels", "Asked for")
        if name in cards
    ]


def test_symbols_have_lags_balance_and_a_batch(app: Dash) -> None:
    found = shown(app, "?look=recall-lstm")
    assert titles(found) == ["Lengths", "Lags", "Classes", "Symbols"]
    said = texts(found)
    assert {"Training", "12,800", "Validation", "1,200", "What a batch looks like", "62 steps"} <= set(said)
    assert any("it chooses among classes. Of a sequence, 6.4 steps are asked for" in text for text in said)


def test_a_series_has_channels_in_their_own_units(app: Dash, runs_dir: Path) -> None:
    write_data(RunFolder(runs_dir / "recall-gru"), series_data())
    found = shown(app, "?look=recall-gru")
    assert titles(found) == ["Channels", "Asked for"]
    said = texts(found)
    assert {"load <b>", "3.1%", "100.0%", "-16"} <= set(said)
    assert any("All sequences have 96 steps." in text for text in said)
    assert any("it predicts quantiles of values" in text for text in said)


def test_labels_have_a_card() -> None:
    found = summary.shown(recall_data(labels={"C4": 0.2}, target="labels", classes={}), RUN, "light")
    assert titles(json.loads(to_json_plotly(found))) == ["Lengths", "Lags", "Labels", "Symbols"]


def test_without_a_choice_a_run_that_has_data_is_shown_and_the_control_names_it(
    app: Dash, tmp_path: Path
) -> None:
    control = json.dumps(page(app, "/data", "?run=recall-gru"))
    assert '"value": "recall-gru"' in control
    write_run(tmp_path / "runs", "new-one", created=1_900_000_000.0).close()
    assert any("recall-attention learns recall" in text for text in texts(shown(app)))


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("?look=gone", "No run named 'gone' is in this folder. Train one, such as by:"),
        ("?look=g2p-crashed", "this one did not. Train again, such as by:"),
    ],
)
def test_what_is_not_there_is_said_and_what_to_type(app: Dash, search: str, message: str) -> None:
    said = texts(shown(app, search))
    assert any(message in text for text in said)
    assert "seqtoolkit fit --config configs/recall.yaml --model.arch lstm" in said


def test_what_cannot_be_read_is_said(app: Dash, runs_dir: Path) -> None:
    (runs_dir / "recall-rnn" / "data.json").write_text('{"schema": 7}')
    assert any("schema 7, expected 1" in text for text in texts(shown(app, "?look=recall-rnn")))
    (runs_dir / "recall-rnn" / "data.json").write_text("{")
    assert any("not valid JSON" in text for text in texts(shown(app, "?look=recall-rnn")))


def test_new_data_are_noticed(app: Dash, runs_dir: Path) -> None:
    given = {"url__search": "?look=g2p-crashed", "scheme__data": "light"}
    seen = call(app, ids.DATA_RESULT, "url.search", **given)[ids.DATA_SEEN]["data"]
    assert call(app, ids.DATA_CHANGED, "tick.n_intervals", **given, data_seen__data=seen) is None
    write_data(RunFolder(runs_dir / "g2p-crashed"), recall_data())
    assert call(app, ids.DATA_CHANGED, "tick.n_intervals", **given, data_seen__data=seen) is not None


def test_every_bin_and_name_is_drawn_once() -> None:
    bars = histogram(Bins([1, 3], [2, 4], [5, 6]), "length", "sequences", "light").data[0]
    assert (list(bars.x), list(bars.y), list(bars.customdata)) == ([1.5, 3.5], [5, 6], ["1 to 2", "3 to 4"])
    counts: dict[str, float] = {f"<b>{i}": i for i in range(100)}
    figure = balance(counts, "class", "answers", "dark")
    assert len(figure.data[0].x) == 100
    assert len(figure.layout.xaxis.ticktext) <= 16  # these are wide
    assert (
        len(balance(dict.fromkeys("abcdefghijklmnopqrstuvwxyz", 1), "", "", "light").layout.xaxis.ticktext)
        == 26
    )
    names = [*figure.layout.xaxis.ticktext, *(name for name, _ in figure.data[0].customdata)]
    assert all("<b>" not in name for name in names)
    assert "%{y:,} answers (%{customdata[1]" in figure.data[0].hovertemplate
    assert "customdata[1]" not in balance({"C4": 0.2, "D4": 0.9}, "", "", "light").data[0].hovertemplate


def test_each_channel_has_a_panel_and_each_sequence_a_line() -> None:
    figure = sequences(series_data().shown, "light")
    assert len(figure.data) == 2 * 3
    assert [axis.title.text for axis in figure.select_yaxes()] == ["speed", "load &lt;b&gt;"]


def test_values_that_are_asked_have_panels_of_their_own(app: Dash, runs_dir: Path) -> None:
    asked = ["", "1.5", "?", "-2e+3"]
    found = series_data(shown=[Shown(4, asked, values={"load <b>": [1.0, 2.0, 3.0, 4.0]})])
    write_data(RunFolder(runs_dir / "recall-gru"), found)
    (drawn,) = figures(shown(app, "?look=recall-gru"))
    assert [trace["y"] for trace in drawn["data"]] == [[1.0, 2.0, 3.0, 4.0], [None, 1.5, None, -2000.0]]
    assert drawn["layout"]["yaxis2"]["title"]["text"] == "asked: speed"
    assert drawn["data"][0]["name"] == "sequence 1"


def test_one_value_alone_is_said_with_its_sequence_and_what_older_runs_wrote_is_left() -> None:
    alone, old = (
        Shown(3, ["", "", "2.5"], values={"a": [1, 2, 3]}),
        Shown(2, ["?", "?"], values={"a": [1, 2]}),
    )
    found = series_data(shown=[alone, old])
    assert with_asked_values(found) == found
    classes = replace(found, target="classes", shown=[Shown(2, ["1", "2"])])
    assert with_asked_values(classes) == classes


@pytest.mark.parametrize(
    ("supervised", "says"), [(256.0, "256 steps are"), (6.42, "6.4 steps are"), (1.0, "one step is")]
)
def test_whole_numbers_of_steps_are_written_as_such(supervised: float, says: str) -> None:
    found = summary.shown(recall_data(supervised=supervised), RUN, "light")
    assert any(
        f"Of a sequence, {says} asked for" in text for text in texts(json.loads(to_json_plotly(found)))
    )


def test_channels_that_are_not_drawn_are_mentioned() -> None:
    found = series_data()
    assert "Only the first 2 channels are drawn." in said_of(found)
    drawn = [one for one in found.channels if one.name in found.shown[0].values]
    assert "channels are drawn" not in said_of(replace(found, channels=drawn))


def said_of(found: DataSummary) -> str:
    return " ".join(texts(json.loads(to_json_plotly(summary.shown(found, RUN, "light")))))


def test_what_has_no_picture_is_made_visible() -> None:
    assert [visible(name) for name in (" ", "\n", "a", "new york", "")] == ["␣", "↵", "a", "new york", ""]
    assert data.PAGE.path == "/data"

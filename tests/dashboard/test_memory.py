"""The Memory page: six protocols on axes of their own, by unit, or on one; checkpoints, numbers, hostile records."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import time
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.memory import PROTOCOLS
from seqtoolkit_dashboard.pages import retained

from seqtoolkit.run_folder import RunFolder
from tests.dashboard.client import call, callbacks, texts
from tests.dashboard.retention_folders import SHAPES, protocol_records

BOTH = "?run=recall-lstm&run=recall-gru"
HOSTILE = "<img src=x onerror=alert(1)>%{y}<b>"


@pytest.fixture
def measured(runs_dir: Path) -> Path:
    for arch in ("lstm", "gru"):
        store(runs_dir / f"recall-{arch}", *protocol_records(arch, seeds=2))
    return runs_dir


def store(path: Path, *records: dict[str, Any], checkpoint: str = "best", step: int = 1500) -> None:
    folder = RunFolder(path)
    value = {"schema": 1, "step": step, "records": list(records)}
    folder.write_probe(Path(f"{checkpoint}.ckpt"), "retention.json", value)


def draw(app: Dash, search: str = "", output: str = ids.MEMORY_GRAPH) -> dict[str, dict[str, Any]]:
    drawn: dict[str, dict[str, Any]] = call(
        app, output, "url.search", url__search=search, scheme__data="light"
    )
    return drawn


def test_several_protocols_are_small_multiples(app: Dash, measured: Path) -> None:
    drawn = draw(app, BOTH)
    shown = texts(drawn[ids.MEMORY_PANELS])
    assert [name for name in shown if name.strip().lower() in PROTOCOLS and name.endswith(" ")] == [
        f"{name.capitalize()} " for name in PROTOCOLS
    ]
    assert {"squared correlation", "log10 norm", "accuracy", "share of the past that is kept"} <= set(shown)
    assert drawn[ids.MEMORY_FRAME]["hidden"] is True
    assert drawn[ids.MEMORY_EMPTY]["children"] is None


def test_one_picture_has_an_axis_for_each_unit(app: Dash, measured: Path) -> None:
    drawn = draw(app, BOTH + "&axes=units")
    layout = drawn[ids.MEMORY_GRAPH]["figure"]["layout"]
    titles = [axis["title"]["text"] for name, axis in layout.items() if name.startswith("yaxis")]
    assert titles == [
        "squared correlation", "log10 norm", "nats", "accuracy", "share of the past that is kept", "horizon",
    ]  # fmt: skip
    assert drawn[ids.MEMORY_PANELS]["children"] == []


def test_on_one_axis_all_are_shares(app: Dash, measured: Path) -> None:
    figure = draw(app, BOTH + "&axes=one")[ids.MEMORY_GRAPH]["figure"]
    assert figure["layout"]["yaxis"]["title"]["text"] == "share of the largest distance from null"
    names = {
        trace["name"]
        for trace in figure["data"]
        if trace.get("name") and trace.get("showlegend") is not False
    }
    assert names == {"null", "recall-lstm", "recall-gru", *PROTOCOLS, "untrained twin"}


def test_protocols_can_be_chosen(app: Dash, measured: Path) -> None:
    drawn = draw(app, BOTH + "&protocol=gradient&protocol=none")
    assert drawn[ids.MEMORY_GRAPH]["figure"]["layout"]["yaxis"]["title"]["text"] == "log10 norm"
    assert set(texts(drawn[ids.MEMORY_TABLE])) & set(PROTOCOLS) == {"gradient"}
    drawn = draw(app, "?run=recall-rnn&protocol=gradient")
    assert any("recall-rnn has no gradient curve" in text for text in texts(drawn[ids.MEMORY_NOTES]))


def test_the_table_has_capacity_twins_and_censoring(app: Dash, measured: Path) -> None:
    shown = texts(draw(app, "?run=recall-gru")[ids.MEMORY_TABLE])
    assert {"Untrained twin", "MC 42 [36, 48.4]", "0, 1", "24 to 48", "2 [1, 4]"} <= set(shown)
    assert "gru, untrained" not in shown


def test_all_numbers_are_a_file(app: Dash, measured: Path) -> None:
    given = {"url__search": BOTH, "memory_csv__n_clicks": 1}
    sent = call(app, ids.MEMORY_DOWNLOAD, "memory-csv.n_clicks", **given)[ids.MEMORY_DOWNLOAD]["data"]
    rows = list(csv.DictReader(io.StringIO(sent["content"])))
    assert sent["filename"] == "retention.csv"
    assert len(rows) == 2 * 2 * 3 * len(SHAPES) * 12  # runs, twins, two seeds and both, protocols, lags
    assert {row["seed"] for row in rows} == {"0", "1", "all"}
    assert {row["untrained"] for row in rows} == {"0", "1"}
    assert rows[0]["run"] == "recall-lstm"
    assert all(math.isfinite(float(row["estimate"])) for row in rows)


def test_every_horizon_of_the_table_is_in_a_file(app: Dash, measured: Path) -> None:
    given = {"url__search": "?run=recall-gru", "memory_horizons_csv__n_clicks": 1}
    sent = call(app, ids.MEMORY_HORIZONS_DOWNLOAD, "memory-horizons-csv.n_clicks", **given)
    rows = list(csv.DictReader(io.StringIO(sent[ids.MEMORY_HORIZONS_DOWNLOAD]["data"]["content"])))
    joined = {row["protocol"]: row for row in rows if row["seed"] == "all" and row["untrained"] == "0"}
    one = joined["decoding"]
    assert (one["horizon"], one["lower"], one["upper"], one["censored"], one["upper_censored"]) == (
        "32", "24", "48", "0", "0",
    )  # fmt: skip
    assert (one["quantity"], float(one["value"]), float(one["value_lower"]), float(one["value_upper"])) == (
        "capacity", pytest.approx(42), pytest.approx(36), pytest.approx(48.4),
    )  # fmt: skip
    assert joined["gradient"]["horizon"] == ""
    assert {row["seed"] for row in rows} == {"0", "1", "all"}


def test_p_values_are_shown_and_saved(app: Dash, measured: Path) -> None:
    one = next(record for record in protocol_records("lstm") if record["protocol"] == "influence")
    tested = {**one, "settings": {**one["settings"], "p_values": [0.002 * (i + 1) for i in range(12)]}}
    store(measured / "recall-lstm", tested)
    shown = texts(draw(app, "?run=recall-lstm")[ids.MEMORY_TABLE])
    assert {"Tests of influence at each lag", "lag 128", "0.002", "0.024"} <= set(shown)
    sent = call(app, ids.MEMORY_DOWNLOAD, "memory-csv.n_clicks",
                url__search="?run=recall-lstm", memory_csv__n_clicks=1)  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(sent[ids.MEMORY_DOWNLOAD]["data"]["content"])))
    assert [float(row["p_value"]) for row in rows] == tested["settings"]["p_values"]
    assert "Tests of influence at each lag" not in texts(draw(app, "?run=recall-gru")[ids.MEMORY_TABLE])


@pytest.mark.parametrize("found", ["x", [1.0], [None] * 12, [[0.1]] * 12, {}])
def test_p_values_that_cannot_be_read_are_left_out(app: Dash, measured: Path, found: Any) -> None:
    one = protocol_records("lstm")[2]
    write_raw(measured / "recall-lstm", [{**one, "settings": {"p_values": found}}])
    assert "Tests of influence at each lag" not in texts(draw(app, "?run=recall-lstm")[ids.MEMORY_TABLE])


def test_a_curve_without_its_untrained_twin_says_what_measures_it(app: Dash, measured: Path) -> None:
    lines = texts(draw(app, "?run=recall-rnn&run=recall-attention")[ids.MEMORY_TABLE])
    assert any(
        "No untrained twin is stored for recall of recall-rnn, recall-attention." in line for line in lines
    )
    assert "seqtoolkit retention runs/recall-rnn --protocols recall" in lines
    assert not any("No untrained twin" in line for line in texts(draw(app, BOTH)[ids.MEMORY_TABLE]))


def test_records_of_a_checkpoint_that_was_replaced_are_marked(app: Dash, measured: Path) -> None:
    file = measured / "recall-lstm" / "checkpoints" / "best.ckpt"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"first")
    store(measured / "recall-lstm", *protocol_records("lstm"), step=900)
    assert "older, replaced since" not in texts(draw(app, BOTH)[ids.MEMORY_TABLE])
    file.write_bytes(b"another")
    drawn = draw(app, BOTH)
    notes = texts(drawn[ids.MEMORY_NOTES])
    assert any("recall-lstm: these curves are of an older best.ckpt, of step 900" in text for text in notes)
    assert not any(text.startswith("recall-gru") for text in notes)  # whose checkpoint is gone
    assert "older, replaced since" in texts(drawn[ids.MEMORY_TABLE])
    assert drawn[ids.MEMORY_TARGET]["data"][0]["label"].endswith("timescale, of an older state)")
    sent = call(app, ids.MEMORY_DOWNLOAD, "memory-csv.n_clicks", url__search=BOTH, memory_csv__n_clicks=1)
    rows = csv.DictReader(io.StringIO(sent[ids.MEMORY_DOWNLOAD]["data"]["content"]))
    assert {(row["run"], row["of_older_checkpoint"]) for row in rows} == {
        ("recall-lstm", "1"), ("recall-gru", "0"),
    }  # fmt: skip


def test_nothing_is_sent_without_a_click(app: Dash, measured: Path) -> None:
    assert call(app, ids.MEMORY_DOWNLOAD, "memory-csv.n_clicks", url__search=BOTH) is None


def test_the_slider_goes_through_the_checkpoints_of_one_run(app: Dash, measured: Path) -> None:
    for step in (900, 100):
        store(measured / "recall-lstm", *protocol_records("rnn"), checkpoint=f"step-{step}", step=step)
    drawn = draw(app, "?run=recall-lstm&probe=step-900")
    assert drawn[ids.MEMORY_STEPS_FRAME]["hidden"] is False
    assert drawn[ids.MEMORY_STEPS]["value"] == 1
    assert [mark["label"] for mark in drawn[ids.MEMORY_STEPS]["marks"]] == ["step-100", "", "best"]
    assert draw(app, BOTH)[ids.MEMORY_STEPS_FRAME]["hidden"] is True
    assert slide(app, "?run=recall-lstm", 0) == "?run=recall-lstm&probe=step-100"
    assert slide(app, "?run=recall-lstm&probe=step-100", 2) == "?run=recall-lstm"
    for place in (2, 9, -1):  # where it is, and where nothing is
        assert slide(app, "?run=recall-lstm", place) is None


def slide(app: Dash, search: str, place: int) -> str | None:
    written = next(c["output"] for c in callbacks(app) if c["inputs"][0]["id"] == ids.MEMORY_STEPS)
    moved = call(app, written, "memory-steps.value", url__search=search, memory_steps__value=place)
    return str(moved["url"]["search"]) if moved else None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"settings": []}, "'settings' must be an object"),
        ({"settings": None}, "'settings' must be an object"),
        ({"lags": [1.5] * 12}, "lags are whole numbers"),
        ({"lags": [-1] * 12}, "lags are whole numbers"),
        ({"estimate": [1e300] * 12}, "1e+30 or larger"),
        ({"n": [10**400] * 12}, "'n' must be a list of numbers"),
        ({"seed": {}}, "'seed' must be a whole number"),
        ({"estimate": [None] * 12}, "'estimate' must be a list of numbers"),
    ],
)
def test_a_hostile_record_is_refused_with_a_reason(
    app: Dash, measured: Path, fields: dict[str, Any], message: str
) -> None:
    write_raw(measured / "recall-lstm", [{**protocol_records("lstm")[0], **fields}])
    drawn = draw(app, BOTH)
    assert any("recall-lstm: " in text and message in text for text in texts(drawn[ids.MEMORY_NOTES]))
    assert "recall-gru" in texts(drawn[ids.MEMORY_TABLE])


def write_raw(run: Path, found: Any) -> None:
    folder = run / "probes" / "best"
    (folder / "retention.json").write_text(json.dumps({"schema": 1, "records": found}))
    os.utime(folder / "manifest.json", ns=(time.time_ns(), time.time_ns()))


def test_an_unknown_protocol_and_hostile_texts_are_survived(app: Dash, measured: Path) -> None:
    one = protocol_records("lstm")[0]
    settings = {
        "part": HOSTILE,
        "drive": 3,
        "capacity": {"estimate": HOSTILE},
        "twin": "yes",
        "seeds": HOSTILE,
    }
    write_raw(
        measured / "recall-lstm",
        [{**one, "protocol": HOSTILE}, {**one, "unit": HOSTILE, "settings": settings}],
    )
    for axes in retained.AXES:
        drawn = draw(app, f"?run=recall-lstm&axes={axes}")
        drawn[ids.MEMORY_GRAPH]["figure"]["layout"].pop("uirevision")  # a key, which is never shown
        shown = [text for text in texts(drawn[ids.MEMORY_GRAPH]) if "<img" in text or "%{y}<b>" in text]
        assert shown == []
    assert "decoding" in texts(drawn[ids.MEMORY_TABLE])


def test_nonsense_in_the_url_is_the_default(app: Dash, measured: Path) -> None:
    assert draw(app, BOTH + "&axes=cubic") == draw(app, BOTH)

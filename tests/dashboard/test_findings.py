"""What stands out in a checkpoint: each finding with its numbers, a link to what shows it, and what to try."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from seqtoolkit_dashboard import ids

from seqtoolkit.run_folder import RunFolder
from tests.dashboard.client import call, links, texts
from tests.dashboard.retention_folders import findings, protocol_records, write_findings, write_probe

LSTM = "?run=recall-lstm"


@pytest.fixture
def measured(runs_dir: Path) -> Path:
    folder = RunFolder(runs_dir / "recall-lstm")
    write_probe(folder, *protocol_records("lstm"))
    write_findings(folder, *findings())
    return runs_dir


def told(app: Dash, search: str = LSTM) -> Any:
    drawn = call(app, ids.FINDINGS, "url.search", url__search=search, scheme__data="light")
    return drawn[ids.FINDINGS]["children"]


def test_each_finding_has_its_numbers_what_shows_it_and_what_to_try(app: Dash, measured: Path) -> None:
    shown = " ".join(texts(told(app)))
    assert "recall-lstm" in shown
    assert "best: 3 findings" in shown
    assert "The gradient vanishes: from lag 1 to lag 128" in shown
    assert "log10 change -5.69 (threshold -3); slope -0.0448" in shown
    assert {"Try: ", "a gated architecture (lstm, gru) or attention"} <= set(texts(told(app)))


def test_what_shows_a_finding_is_a_link(app: Dash, measured: Path) -> None:
    gates = "/gates?run=recall-lstm&look=recall-lstm&checkpoint=best&layer=2"
    cards = {name: f"#memory-curve-{name}" for name in ("gradient", "decoding", "influence")}
    assert links(told(app)) == {**cards, "forget gate, block 1": gates}
    assert links(told(app, LSTM + "&axes=one"))["gradient"] == "#memory-frame"
    assert set(links(told(app, LSTM + "&protocol=recall"))) == {"forget gate, block 1"}
    drawn = call(app, ids.MEMORY_PANELS, "url.search", url__search=LSTM, scheme__data="light")
    anchors = [card["props"].get("id") for card in drawn[ids.MEMORY_PANELS]["children"]]
    assert {href.removeprefix("#") for href in cards.values()} < set(anchors)


def test_a_finding_of_a_half_says_which_and_links_to_its_gates(app: Dash, measured: Path) -> None:
    write_findings(RunFolder(measured / "recall-lstm"), *findings(part="decoder"))
    assert "Decoder: the gradient vanishes: from lag 1 to lag 128" in " ".join(texts(told(app)))
    assert "&side=decoder" in links(told(app))["forget gate, block 1"]
    whole = [{name: value for name, value in one.items() if name != "part"} for one in findings()]
    write_findings(RunFolder(measured / "recall-lstm"), *whole)  # as older versions wrote them
    assert "3 findings" in " ".join(texts(told(app)))
    assert "Decoder" not in " ".join(texts(told(app)))


def test_nothing_is_said_of_what_was_not_looked_through(app: Dash, measured: Path) -> None:
    assert told(app, "?run=recall-gru") is None
    write_findings(RunFolder(measured / "recall-gru"))
    assert "Nothing stands out: no threshold is passed." in texts(told(app, "?run=recall-gru"))
    both = told(app, "?run=recall-gru&run=recall-lstm")["props"]["children"][1:]
    assert [one["props"]["open"] for one in both] == [False, False]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": 3}, "must be texts"),
        ({"part": 3}, "must be texts"),
        ({"numbers": {"share": "0.5"}}, "'numbers' must be numbers by name"),
        ({"thresholds": []}, "'thresholds' must be numbers by name"),
        ({"more": 1}, "unknown fields ['more']"),
    ],
)
def test_a_hostile_finding_is_refused_with_a_reason(
    app: Dash, measured: Path, fields: dict[str, Any], message: str
) -> None:
    write_findings(RunFolder(measured / "recall-lstm"), *findings(**fields))
    assert any("recall-lstm: " in text and message in text for text in texts(told(app)))

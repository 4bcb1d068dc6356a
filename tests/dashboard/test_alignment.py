"""The Alignment page: heads, influence, answers and their tree, a pinned row, two readings and their difference."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dash import Dash
from seqtoolkit_dashboard import checkpoints, ids
from seqtoolkit_dashboard.figures import alignment, beam

from seqtoolkit.beam_tree import BeamNode
from tests.dashboard.client import call, texts
from tests.dashboard.run_folders import write_checkpoint

HOSTILE = "<img src=x onerror=alert(1)>%{y}<b>"
ADDITIVE = "?look=pairs-additive"


@pytest.fixture
def opened(runs_dir: Path) -> Path:
    def write(name: str, arch: str, stem: str = "best", **chosen: Any) -> None:
        write_checkpoint(runs_dir / name / "checkpoints" / f"{stem}.ckpt", arch, **chosen)

    heads = {"encoder": "lstm", "attention": "multihead", "attention_config": {"num_heads": 2}}
    write("pairs-additive", "gru", **heads)
    write("pairs-additive", "gru", "last", seed=1, **heads)
    write("pairs-plain", "gru", encoder="lstm")
    write("recall-lstm", "lstm")
    write("recall-attention", "attention")
    return runs_dir


def draw(app: Dash, search: str) -> dict[str, dict[str, Any]]:
    drawn: dict[str, dict[str, Any]] = call(
        app, ids.ALIGNMENT_RESULT, "url.search", url__search=search, scheme__data="light"
    )
    return drawn


def maps(drawn: dict[str, dict[str, Any]]) -> list[str]:
    """Name the maps that can be clicked."""

    def found(node: Any) -> list[str]:
        if isinstance(node, list):
            return [name for item in node for name in found(item)]
        if not isinstance(node, dict):
            return []
        own = node.get("props", {}).get("id") if "type" in node else None
        return ([own["name"]] if isinstance(own, dict) else []) + found(list(node.values()))

    return found(drawn[ids.ALIGNMENT_RESULT])


def test_every_head_and_the_influence_with_what_they_are_worth(app: Dash, opened: Path) -> None:
    drawn = draw(app, ADDITIVE + "&text=phone")
    shown = texts(drawn[ids.ALIGNMENT_RESULT])
    assert maps(drawn) == ["first-0", "first-1", "first-influence"]
    assert {"Attention, head 1", "Attention, head 2", "Influence", "p (source 1)"} <= set(shown)
    assert sum("Entropy" in text and "Faithfulness" in text for text in shown) == 2
    assert any("Click a row" in text for text in shown)
    assert [item["label"] for item in drawn[ids.ALIGNMENT_HEAD]["data"]] == ["All", "1", "2"]


def test_one_head(app: Dash, opened: Path) -> None:
    assert maps(draw(app, ADDITIVE + "&head=2")) == ["first-1", "first-influence"]
    assert maps(draw(app, ADDITIVE + "&head=99")) == ["first-1", "first-influence"]


def test_the_answers_and_their_tree(app: Dash, opened: Path) -> None:
    shown = texts(draw(app, ADDITIVE + "&beams=3"))
    assert {"Best answers", "Log probability (nats)", "best answer", "symbols of the answer"} <= set(shown)


@pytest.mark.parametrize("run", ["pairs-plain", "recall-lstm", "recall-attention"])
def test_the_page_is_never_empty(app: Dash, opened: Path, run: str) -> None:
    drawn = draw(app, f"?look={run}&row=1")
    assert maps(drawn) == ["first-influence"]
    assert any("influence shows what it uses" in text for text in texts(drawn))
    assert drawn[ids.ALIGNMENT_HEADS]["hidden"] is True


def test_a_pinned_row_is_drawn_as_bars(app: Dash, opened: Path) -> None:
    shown = texts(draw(app, ADDITIVE + "&row=1"))
    assert {"attention (weight)", "influence (nats)"} <= set(shown)
    assert any(text.startswith("Target symbol 1: ") for text in shown)
    assert any(text.startswith("Probability ") for text in shown)


def test_an_edited_source_is_compared(app: Dash, opened: Path) -> None:
    drawn = draw(app, ADDITIVE + "&text=phone&edit=phune&row=1")
    shown = texts(drawn)
    assert maps(drawn) == [
        f"{which}-{kind}"
        for kind in ("attention", "influence")
        for which in ("first", "second", "difference")
    ]
    assert {"First: phone", "Second: phune", "Attention, mean of heads", "attention, second"} <= set(shown)
    assert any("its own is" in text for text in shown)


def test_sources_of_other_lengths_have_no_difference_and_say_so(app: Dash, opened: Path) -> None:
    drawn = draw(app, ADDITIVE + "&text=phone&edit=phones")
    assert not [name for name in maps(drawn) if name.startswith("difference")]
    assert any("The sources have 5 and 6 symbols" in text for text in texts(drawn))


def test_two_checkpoints_are_compared(app: Dash, opened: Path) -> None:
    drawn = draw(app, ADDITIVE + "&other=pairs-additive")  # its other one, where nothing is said
    shown = texts(drawn)
    assert {"First: pairs-additive best", "Second: pairs-additive last"} <= set(shown)
    assert drawn[ids.ALIGNMENT_OTHER_CHECKPOINT]["data"] == ["best", "last"]
    assert drawn[ids.ALIGNMENT_OTHER_CHOICE]["hidden"] is False


def test_a_model_without_attention_is_compared_by_influence(app: Dash, opened: Path) -> None:
    for search in (ADDITIVE + "&other=pairs-plain", "?look=recall-lstm&other=pairs-additive&row=2"):
        drawn = draw(app, search)
        assert maps(drawn) == ["first-influence", "second-influence", "difference-influence"]
        assert any("Only one of these models has attention" in text for text in texts(drawn))


def test_what_was_measured_over_a_split_is_listed(app: Dash, opened: Path) -> None:
    run = opened / "pairs-additive" / "probes" / "best"
    record = {
        "head": 0,
        "quantity": "entropy",
        "estimate": 0.5,
        "lower": 0.4,
        "upper": 0.6,
        "null": 1.9,
        "n": 1234,
    }
    for content, listed in (({"schema": 1, "records": [record]}, True), ({"schema": 9}, False), ([], False)):
        (run / "alignment.json").write_text(json.dumps(content))
        (run / "manifest.json").write_text(json.dumps({"files": {"alignment.json": {}}}))
        os.utime(run / "manifest.json", ns=(time.time_ns(), time.time_ns()))
        shown = texts(draw(app, ADDITIVE))
        assert ("0.400 to 0.600" in shown, "1,234" in shown) == (listed, listed)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("?look=recall-lstm&text=caf%C3%A9", "'é'"),
        (ADDITIVE + "&edit=caf%C3%A9", "'é'"),
        (ADDITIVE + "&text=" + "a" * 513, "513 characters"),
        (ADDITIVE + "&edit=" + "a" * 9999, "9,999 characters"),
        ("?look=..%2Fetc", "No run named '../etc' is in this folder"),
        (ADDITIVE + "&other=..%2Fetc", "No run named '../etc' is in this folder"),
        (ADDITIVE + "&other=recall-lstm&other_checkpoint=..%2Fx", "recall-lstm has no checkpoint '../x'"),
        ("?look=minlstm-trial", "need the plugin seqtoolkit-minlstm 0.3.0"),
    ],
)
def test_what_cannot_be_drawn_says_why(app: Dash, opened: Path, search: str, message: str) -> None:
    assert any(message in text for text in texts(draw(app, search)))


@pytest.mark.parametrize("search", ["&row=999&head=999&beams=999", "&row=-1&head=x&beams=0"])
def test_numbers_beyond_what_there_is_are_survived(app: Dash, opened: Path, search: str) -> None:
    assert "first-influence" in maps(draw(app, ADDITIVE + search))


def test_the_attention_page_shows_a_decoder_and_points_here(app: Dash, opened: Path) -> None:
    drawn = call(
        app, ids.ATTENTION_RESULT, "url.search", url__search=ADDITIVE + "&text=abc", scheme__data="dark"
    )
    shown = texts(drawn)
    assert {"Attention to the source, head 1", "Attention to the source, head 2", "c (input 3)"} <= set(shown)
    assert any(text.startswith("/alignment?look=pairs-additive") for text in shown)
    plain = call(
        app, ids.ATTENTION_RESULT, "url.search", url__search="?look=pairs-plain", scheme__data="dark"
    )
    assert "Influence" in texts(plain)


def test_what_was_seen_is_not_computed_again(opened: Path) -> None:
    path = opened / "pairs-additive" / "checkpoints" / "best.ckpt"
    first = checkpoints.align(path, "abc", 4)[1]
    assert checkpoints.align(path, "abc", 4)[1] is first
    assert checkpoints.align(path, "abc", 2)[1] is not first


def test_maps_with_hostile_names_are_only_text() -> None:
    symbols = alignment.Symbols([HOSTILE] * 2, [HOSTILE], [HOSTILE], pinned=1)
    values = np.array([[0.2, 0.8]], dtype=np.float32)
    figures = [
        alignment.alignment_map(values, symbols, "attention", 1.0, "light"),
        alignment.difference_map(values, symbols, "influence", "dark"),
        alignment.row_bars([alignment.Row(HOSTILE, [HOSTILE] * 2, values[0], values[0])], "light"),
        beam.beam_tree([BeamNode(-1, "", 0, 0.0, 1), BeamNode(0, HOSTILE, 1, -0.1, 1)], "light"),
    ]
    for figure in figures:
        assert not [text for text in texts(figure.to_plotly_json()) if "<img" in text or "%{y}<b>" in text]


def test_a_difference_is_drawn_around_nothing() -> None:
    symbols = alignment.Symbols(["a", "b"], ["X"], [""])
    for values in (np.array([[0.5, -0.1]]), np.zeros((1, 2))):
        trace = alignment.difference_map(values, symbols, "attention", "light").data[0]
        assert trace.zmin == -trace.zmax < 0
        assert len(trace.colorscale) == 16


def test_the_best_answer_is_the_first_line_of_the_tree_and_no_two_symbols_share_a_place() -> None:
    nodes = [
        BeamNode(-1, "", 0, 0.0, 1), BeamNode(0, "B", 1, -0.1, 2), BeamNode(0, "A", 1, -0.5, 1),
        BeamNode(1, "C", 2, -0.9, 0), BeamNode(2, ".", 2, -0.6, 1), BeamNode(1, ".", 2, -2.0, 2),
        *(BeamNode(2, name, 2, -3.0, 0) for name in "DEF"), *(BeamNode(8, name, 3, -4.0, 0) for name in "GH"),
    ]  # fmt: skip
    figure = beam.beam_tree(nodes, "light")
    marks = {trace.name: list(zip(trace.x, trace.y, strict=True)) for trace in figure.data if trace.name}
    assert {y for _, y in marks["best answer"]} == {0.0}
    places = [place for found in marks.values() for place in found]
    assert len(set(places)) == len(places) == len(nodes)
    assert max(y for _, y in places) < 7
    assert beam.width(nodes) < beam.width([*nodes, BeamNode(4, "a long name", 3, -3.0, 0)])

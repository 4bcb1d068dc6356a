"""The Length page: stored curves by source length, checked, in colours that tell models apart, and what to type."""

import json
import os
import time
from pathlib import Path

import pytest
from dash import Dash
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures import length
from seqtoolkit_dashboard.theme import LineStyle, line_styles

from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.runs import Run
from tests.dashboard.client import call, texts
from tests.dashboard.quality_folders import length_records, write_lengths
from tests.dashboard.run_folders import write_run

STYLE = LineStyle("#3c69c7", "solid")
HOSTILE = "<img src=x onerror=alert(1)>%{y}<b>"


def draw(app: Dash, search: str = "") -> dict[str, dict[str, object]]:
    drawn: dict[str, dict[str, object]] = call(
        app, ids.LENGTH_GRAPH, "url.search", url__search=search, scheme__data="light"
    )
    return drawn


def record(place: int = 0, **fields: object) -> LengthRecord:
    return LengthRecord.from_dict({**length_records(6.0)[place], **fields})


def test_models_of_one_decoder_are_told_apart(app: Dash) -> None:
    figure = draw(app)[ids.LENGTH_GRAPH]["figure"]
    lines = [
        trace for trace in figure["data"] if trace["mode" if "mode" in trace else "type"] == "lines+markers"
    ]  # type: ignore[index]
    assert [line["name"] for line in lines] == [
        "pairs-additive (lstm → gru · additive)",
        "pairs-plain (lstm → gru · none)",
    ]
    assert len({line["line"]["color"] for line in lines}) == 2


def test_the_table_has_every_bin_and_all_lengths(app: Dash) -> None:
    shown = texts(draw(app, "?run=pairs-plain")[ids.LENGTH_TABLE])
    assert {"1 to 4", "16 to 22", "all"} <= set(shown)
    assert any(text.startswith("0.900 [") and text.endswith(", 100") for text in shown)


@pytest.mark.parametrize(("measure", "axis"), [(name, one.axis) for name, one in length.MEASURES.items()])
def test_every_measure_has_a_labelled_axis(app: Dash, measure: str, axis: str) -> None:
    figure = draw(app, f"?measure={measure}")[ids.LENGTH_GRAPH]["figure"]
    assert axis in texts(figure["layout"])  # type: ignore[index]
    assert "source length (symbols)" in texts(figure["layout"])  # type: ignore[index]


def test_an_unknown_measure_is_the_first(app: Dash) -> None:
    assert draw(app, "?measure=nonsense")[ids.LENGTH_TABLE] == draw(app)[ids.LENGTH_TABLE]


def test_accuracy_is_shown_as_errors_and_empty_bins_are_left_out() -> None:
    accuracy = record(1, n=[0, 2400, 3600, 2800, 1500, 700, 100])
    shown = length.points(accuracy)
    assert [point.low for point in shown] == accuracy.low[1:]
    assert [point.estimate for point in shown] == pytest.approx([1 - v for v in accuracy.estimate[1:]])
    assert all(point.lower <= point.estimate <= point.upper for point in shown)


def test_counts_are_drawn_once_where_they_agree() -> None:
    same = [length.Curve(name, "gru", length.points(record()), STYLE) for name in "ab"]
    other = length.Curve("c", "gru", length.points(record(n=[5] * 7)), STYLE)
    bars = [
        sum(
            trace.type == "bar"
            for trace in length.lengths(curves, length.MEASURES["error_rate"], "dark").data
        )
        for curves in (same, [*same, other])
    ]
    assert bars == [1, 3]


def test_names_are_only_text() -> None:
    curve = length.Curve(HOSTILE, HOSTILE, length.points(record()), STYLE)
    figure = length.lengths([curve], length.MEASURES["bleu"], "light")
    shown = [text for trace in figure.data for text in (trace.name, trace.hovertemplate) if text]
    assert not [text for text in shown if "<img" in text or "%{y}<b>" in text]


def test_without_records_it_says_what_to_type(app: Dash) -> None:
    drawn = draw(app, "?run=recall-lstm")
    assert any("seqtoolkit test --ckpt_path" in text for text in texts(drawn[ids.LENGTH_EMPTY]))
    assert any(
        "recall-lstm has no symbol errors by length" in text for text in texts(drawn[ids.LENGTH_NOTES])
    )


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"schema": 2, "records": []}',
        '{"schema": 1, "records": {}}',
        '{"schema": 1, "records": [1]}',
        json.dumps({"schema": 1, "records": [{**length_records(5.0)[0], "n": [-1] * 7}]}),
        json.dumps({"schema": 1, "records": [{**length_records(5.0)[0], "low": [1e999] * 7}]}),
        json.dumps({"schema": 1, "records": [{**length_records(5.0)[0], "measure": HOSTILE}]}),
    ],
)
def test_a_damaged_file_is_reported_and_the_others_are_drawn(app: Dash, runs_dir: Path, content: str) -> None:
    folder = runs_dir / "pairs-plain" / "probes" / "best"
    (folder / "length.json").write_text(content)
    os.utime(folder / "manifest.json", ns=(time.time_ns(), time.time_ns()))
    drawn = draw(app)
    assert any(text.startswith("pairs-plain: ") for text in texts(drawn[ids.LENGTH_NOTES]))
    assert any("pairs-additive" in text for text in texts(drawn[ids.LENGTH_TABLE]))


@pytest.mark.parametrize("overall", [None, 3, {}, {"estimate": "x", "lower": 0, "upper": 1, "n": 2}])
def test_settings_are_not_trusted(app: Dash, runs_dir: Path, overall: object) -> None:
    run = write_run(runs_dir, "odd", task="pairs")
    write_lengths(run, *length_records(5.0, settings={"overall": overall}))
    run.close()
    assert "–" in texts(draw(app, "?run=odd")[ids.LENGTH_TABLE])


def test_a_colour_stays_with_its_architecture_unless_models_share_it() -> None:
    def run(name: str, arch: str, encoder: str = "", attention: str = "") -> Run:
        return Run(Path(name), name, "finished", arch=arch, encoder=encoder, attention=attention)

    plain, alone = run("a", "gru"), run("b", "lstm")
    pairs = [run("c", "gru", "lstm", "none"), run("d", "gru", "lstm", "dot"), run("e", "gru", "lstm", "dot")]
    everyone = [plain, alone, *pairs]
    base = line_styles(everyone, [plain, alone], "light")
    mixed = line_styles(everyone, everyone, "light")
    assert {name: mixed[name] for name in "ab"} == base
    assert len({mixed[name].colour for name in "abcd"}) == 4
    assert (mixed["d"].colour, mixed["d"].dash) != (mixed["e"].colour, mixed["e"].dash)
    assert mixed["d"].colour == mixed["e"].colour
    assert line_styles(everyone, pairs[:1], "light")["c"].colour == base["a"].colour

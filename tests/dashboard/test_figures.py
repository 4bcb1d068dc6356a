"""Figures are pure: data in, figure out; every axis has a label, and names from files stay names."""

import itertools

import numpy as np
import pytest
from seqtoolkit_dashboard.figures import memory, training
from seqtoolkit_dashboard.figures.attention import Axes, heat_map
from seqtoolkit_dashboard.figures.curve import decimate, smooth
from seqtoolkit_dashboard.figures.memory_traces import Curve
from seqtoolkit_dashboard.theme import PALETTE, RAMPS, SURFACE, LineStyle, Scheme, plain, slots

from seqtoolkit.retention.record import Horizon, Record
from tests.dashboard.retention_folders import recall_record

STYLE = LineStyle("#3c69c7", "solid")
HOSTILE = "<img src=x onerror=alert(1)>%{y}<b>"


def record(**fields: object) -> Record:
    return Record.from_dict(recall_record("gru", **fields))


def test_decimation_keeps_every_extreme() -> None:
    values = [0.0] * 100_000
    values[41_234], values[77_777] = 9.0, -9.0
    xs, ys = decimate(range(100_000), values)
    assert len(xs) <= 2002
    assert xs == sorted(xs)
    assert {(41_234, 9.0), (77_777, -9.0), (0, 0.0), (99_999, 0.0)} <= set(zip(xs, ys, strict=True))


def test_short_curves_are_left_alone() -> None:
    assert decimate([1, 2, 3], [3.0, 1.0, 2.0]) == ([1, 2, 3], [3.0, 1.0, 2.0])


def test_smoothing_is_unbiased_at_its_start() -> None:
    assert smooth([2.0, 2.0, 2.0], 0.9) == pytest.approx([2.0, 2.0, 2.0])
    assert smooth([1.0, 5.0, 3.0], 0.0) == [1.0, 5.0, 3.0]
    assert smooth([0.0, 1.0], 0.5) == pytest.approx([0.0, 2 / 3])


def test_training_has_one_panel_for_each_metric() -> None:
    curves = [
        training.Curve(run, m, [1, 2], [3.0, 2.0], STYLE) for run in "ab" for m in ("train/loss", "val/per")
    ]
    figure = training.training(curves, ["train/loss", "val/per"], "log", 0.5, "dark")
    assert [a.text for a in figure.layout.annotations] == ["train/loss", "val/per"]
    assert figure.layout.yaxis2.title.text == "phoneme error rate"
    assert figure.layout.xaxis2.title.text == "training step"
    assert figure.layout.yaxis.type == "log"
    assert [trace.name for trace in figure.data if trace.showlegend] == ["a", "b"]
    assert all(trace.type == "scatter" for trace in figure.data)  # scattergl takes seconds without a GPU


def test_memory_shows_bands_chance_and_horizons() -> None:
    censored = record(
        horizon={"estimate": 128, "lower": 96, "upper": 128, "censored": True, "upper_censored": True}
    )
    curves = [Curve("gru", record(), STYLE), Curve("attention", censored, STYLE)]
    figure = memory.retention([memory.Panel("accuracy", curves)], "log", "light")
    names = [trace.name for trace in figure.data]
    assert names.count("chance") == 1
    assert sum(trace.fill == "tonexty" for trace in figure.data) == 2
    marks = [trace for trace in figure.data if trace.mode == "markers+text"]
    assert [mark.text[0] for mark in marks] == ["gru: 32 [24, 48]", "attention: ≥ 128 [96, 128+]"]
    assert marks[1].marker.symbol == "arrow-right"
    assert figure.layout.xaxis2.title.text
    assert figure.layout.yaxis.title.text == "accuracy"


def test_different_nulls_are_drawn_for_each_curve() -> None:
    other = record(null=[0.2] * 12)
    curves = [Curve("a", record(), STYLE), Curve("b", other, STYLE)]
    names = [
        trace.name for trace in memory.retention([memory.Panel("accuracy", curves)], "linear", "light").data
    ]
    assert {"chance, a", "chance, b"} <= set(names)


def test_a_horizon_of_nothing_has_a_place_on_a_log_axis() -> None:
    nothing = record(
        horizon={"estimate": 0, "lower": 0, "upper": 1, "censored": False, "upper_censored": False}
    )
    figure = memory.retention([memory.Panel("accuracy", [Curve("rnn", nothing, STYLE)])], "log", "light")
    assert next(trace for trace in figure.data if trace.mode == "markers+text").x[0] == 1
    none = memory.retention(
        [memory.Panel("accuracy", [Curve("rnn", record(horizon=None), STYLE)])], "linear", "light"
    )
    assert not [trace for trace in none.data if trace.mode == "markers+text"]


def test_the_future_is_empty_and_repeated_letters_stay_apart() -> None:
    axes = Axes(["a", "a", "→", "X"], ["X", "X"], [2, 3])
    figure = heat_map(np.full((2, 4), 0.25, np.float32), axes, "attention", 0.5, "light")
    (trace,) = figure.data
    assert np.isnan(trace.z).tolist() == [[False, False, False, True], [False] * 4]
    assert (trace.zmin, trace.zmax) == (0.0, 0.5)
    assert list(figure.layout.xaxis.tickvals) == [0, 1, 2, 3]
    assert list(figure.layout.xaxis.ticktext) == ["a", "a", "→", "X"]
    assert figure.layout.xaxis.title.text == "input symbol"
    assert trace.customdata[0][1] == "a (input 2)"


def test_spaces_and_line_feeds_can_be_seen_on_the_axes() -> None:
    axes = Axes(["a", " "], [" ", "\n"], [0, 1])
    figure = heat_map(np.zeros((2, 2)), axes, "influence", 1.0, "light")
    assert list(figure.layout.xaxis.ticktext) == ["a", "␣"]
    assert list(figure.layout.yaxis.ticktext) == ["␣", "↵"]
    assert figure.data[0].customdata[0][1] == "␣ (input 2)"


def test_single_characters_stand_upright_and_longer_names_may_turn() -> None:
    for names, angle, turns in ((["a", "b"], 0, None), (["a", "13"], None, (0, 90))):
        axis = heat_map(np.zeros((1, 2)), Axes(names, ["x"], [1]), "influence", 1.0, "light").layout.xaxis
        assert (axis.tickangle, axis.autotickangles) == (angle, turns)


def test_long_inputs_have_few_labels() -> None:
    axes = Axes(["a"] * 500, ["b"] * 100, list(range(400, 500)))
    figure = heat_map(np.zeros((100, 500)), axes, "influence", 1.0, "dark")
    assert len(figure.layout.xaxis.tickvals) <= 40
    assert figure.data[0].xgap == 0  # 500 gaps would be wider than the cells
    assert figure.layout.height <= 700


def test_names_from_files_are_not_interpreted() -> None:
    assert plain(HOSTILE) == "&lt;img src=x onerror=alert(1)&gt;&#37;{y}&lt;b&gt;"
    figure = training.training(
        [training.Curve(HOSTILE, HOSTILE, [1], [1.0], STYLE)], [HOSTILE], "linear", 0, "light"
    )
    shown = [figure.data[0].name, figure.data[0].hovertemplate, figure.layout.annotations[0].text]
    shown += [figure.layout.yaxis.title.text]
    curve = Curve(HOSTILE, record(), STYLE)
    shown += [
        trace.name or ""
        for trace in memory.retention([memory.Panel("accuracy", [curve])], "log", "light").data
    ]
    assert not [text for text in shown if "<img" in text or "<b>" in text.replace("<br>", "")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_stands_out_from_the_page(scheme: Scheme) -> None:
    assert [c for c in PALETTE[scheme] if contrast(c, SURFACE[scheme]) < 3] == []


@pytest.mark.parametrize("ramp", RAMPS.values())
def test_more_is_always_stronger(ramp: tuple[str, ...]) -> None:
    lights = [luminance(colour) for colour in ramp]
    assert lights in (sorted(lights), sorted(lights, reverse=True))


def test_an_architecture_keeps_its_colour() -> None:
    four = slots(["rnn", "lstm", "gru", "attention"])
    assert len(set(four.values())) == 4
    assert slots(["attention", "gru", "rnn", "lstm"]) == four
    assert {name: slots([*four, "retnet"])[name] for name in ("attention", "gru", "lstm")} == {
        name: four[name] for name in ("attention", "gru", "lstm")
    }
    assert len(slots(str(i) for i in range(20))) == 20


def test_horizon_reads_as_in_the_command_line() -> None:
    assert str(Horizon(128, 96, 128, True, True)) == "≥ 128 [96, 128+]"


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_differ() -> None:
    for colours in PALETTE.values():
        assert all(a != b for a, b in itertools.combinations(colours, 2))

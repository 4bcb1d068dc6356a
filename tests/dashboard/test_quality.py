"""The Quality page: measures beside baselines, confusions, forecasts with bands, examples that lead further."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.confusion import confusion
from seqtoolkit_dashboard.figures.forecast import drawable, forecast
from seqtoolkit_dashboard.figures.quality import Judged, measure
from seqtoolkit_dashboard.pages import numbers
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import LineStyle
from seqtoolkit_dashboard.view import View

from seqtoolkit.quality import Quality
from seqtoolkit.run_folder import RunFolder
from tests.dashboard.client import call, figures, links, texts
from tests.dashboard.data_folders import series_data, write_data
from tests.dashboard.quality_folders import (
    confusion_record,
    forecast_examples,
    forecast_records,
    quality_records,
    text_examples,
    write_records,
)

STYLE = LineStyle("#3c69c7", "solid")
BOTH = "?run=recall-lstm&run=recall-gru"
HOSTILE = "<img src=x onerror=alert(1)>%{y}"


@pytest.fixture
def tested(runs_dir: Path) -> Path:
    for name, error in (("recall-lstm", 0.04), ("recall-gru", 0.3)):
        folder = RunFolder(runs_dir / name)
        write_records(folder, *quality_records(error), confusion_record(), *text_examples())
    write_records(RunFolder(runs_dir / "recall-rnn"), *forecast_records(0.1), *forecast_examples())
    return runs_dir


def draw(app: Dash, search: str = BOTH) -> Any:
    drawn = call(app, ids.QUALITY_RESULT, "url.search", url__search=search, scheme__data="light")
    return drawn[ids.QUALITY_RESULT]["children"]


def test_measures_stand_beside_their_baselines(app: Dash, tested: Path) -> None:
    found = draw(app)
    accuracy, loss = figures(found)[:2]
    assert accuracy["layout"]["xaxis"]["title"]["text"] == "share (higher is better)"
    assert loss["layout"]["xaxis"]["title"]["text"] == "nats (lower is better)"
    assert accuracy["layout"]["yaxis"]["ticktext"] == ["recall-gru", "recall-lstm"]
    named = [trace["name"] for trace in loss["data"] if trace.get("showlegend")]
    assert named == ["class frequencies", "uniform &lt;b&gt;"]
    said = texts(found)
    assert {"Accuracy (share)", "0.93 to 0.98", "majority class", "0.35", "400"} <= set(said)
    assert "0.938 [0.560, 1.000]" in said


def test_a_distance_from_a_nominal_coverage_says_what_was_covered(app: Dash, tested: Path) -> None:
    settings = {"nominal": 0.8, "covered": 0.95}
    found = Quality("coverage_error", "share", False, 9, 0.15, 0.1, 0.2, settings=settings)
    write_records(RunFolder(tested / "recall-rnn"), found)
    said = draw(app, "?run=recall-rnn")
    assert "Coverage error (share): 0.95 of 0.8 covered" in texts(said)
    assert figures(said)[0]["layout"]["xaxis"]["title"]["text"] == "share (lower is better)"


def test_a_point_has_its_interval_and_every_line_is_within_the_limits() -> None:
    records = quality_records(0.04)
    figure = measure([Judged("a", [record], STYLE) for record in records[:1]], "light")
    point = figure.data[-1]
    assert (point.x[0] - point.error_x.arrayminus[0], point.x[0] + point.error_x.array[0]) == pytest.approx(
        (records[0].lower, records[0].upper)
    )
    low, high = figure.layout.xaxis.range
    assert low < records[0].baseline_estimate < records[0].upper < high  # type: ignore[operator]
    flat = replace(records[0], estimate=0.5, lower=0.5, upper=0.5, baseline_estimate=0.5)
    low, high = measure([Judged("a", [flat], STYLE)], "dark").layout.xaxis.range
    assert low < 0.5 < high


def test_errors_by_step_are_drawn_with_the_baselines_once(app: Dash, tested: Path) -> None:
    write_records(RunFolder(tested / "recall-gru"), *forecast_records(0.2))
    steps = figures(draw(app, "?run=recall-rnn&run=recall-gru"))[1]
    assert [trace["name"] for trace in steps["data"]] == [
        "recall-rnn",
        "naive",
        "seasonal naive",
        "recall-gru",
    ]
    assert steps["data"][0]["y"][-1] == pytest.approx(0.8)
    damaged = [
        replace(one, settings={"by_step": {"model": ["x"], "naive": 3}}) for one in forecast_records(0.1)
    ]
    write_records(RunFolder(tested / "recall-rnn"), *damaged)
    assert "MAE by step ahead" not in texts(draw(app, "?run=recall-rnn"))


def test_a_confusion_has_counts_or_shares(app: Dash, tested: Path) -> None:
    assert "Confusion of recall-lstm" in texts(draw(app))
    record = confusion_record(3)
    counts, shares = (confusion(record, shares, "light").data[0] for shares in (False, True))
    assert [list(row) for row in counts.z] == record.counts
    assert [sum(row) for row in shares.z] == pytest.approx([1.0] * 3)
    assert counts.text[0][0] == "80"
    assert shares.text[0][0] == f"{shares.z[0][0]:.0%}"
    empty = replace(record, counts=[[0] * 3] * 3, classes=[HOSTILE, "b", "c"])
    drawn = confusion(empty, True, "dark")
    assert sum(map(sum, drawn.data[0].z)) == 0
    assert "<img" not in drawn.layout.xaxis.ticktext[0]
    assert confusion(confusion_record(40), False, "light").data[0].texttemplate is None


def test_forecasts_have_bands_the_truth_and_its_gaps() -> None:
    figure = forecast(forecast_examples()[0], "#3c69c7", "light")
    first = [trace for trace in figure.data if trace.yaxis == "y"]
    assert [t.name for t in first if t.showlegend] == [
        "90% forecast band", "50% forecast band", "read", "truth", "median forecast",
    ]  # fmt: skip
    lines = {trace.name: trace for trace in first}
    assert lines["read"].x[-1] == 0
    assert lines["truth"].x[0] == lines["median forecast"].x[0] == 1
    assert lines["truth"].y[6] is None
    assert lines["read"].customdata[-1] == " (2026-01-01 23:00)"
    wide, narrow = (t for t in first if t.fill == "tonexty")
    assert all(a > b for a, b in zip(wide.y, narrow.y, strict=True))


@pytest.mark.parametrize(
    ("levels", "name", "curve"), [([0.5, 0.9], "median forecast", 0), ([0.05, 0.4, 0.95], "40% quantile", 1)]
)
def test_what_stands_for_a_forecast_is_nearest_the_median(levels: list[float], name: str, curve: int) -> None:
    one = forecast_examples(1)[0]
    curves = {output: found[: len(levels)] for output, found in one.forecast.items()}
    drawn = {
        t.name: t for t in forecast(replace(one, quantiles=levels, forecast=curves), "#3c69c7", "light").data
    }
    assert list(drawn[name].y) == curves["sensor 0"][curve]


def test_panels_that_are_left_out_are_counted(app: Dash, tested: Path) -> None:
    write_records(RunFolder(tested / "recall-rnn"), *forecast_records(0.1), *forecast_examples(outputs=9))
    assert "loss 3, asked at 2026-01-01 23:00, 3 more outputs not drawn" in texts(
        draw(app, "?run=recall-rnn")
    )


def test_a_point_forecast_has_no_band_and_texts_no_picture() -> None:
    one = forecast_examples(1)[0]
    point = replace(one, quantiles=[], forecast={name: curves[2:3] for name, curves in one.forecast.items()})
    names = [trace.name for trace in forecast(point, "#3c69c7", "light").data]
    assert names == ["read", "truth", "forecast"]
    only = replace(one, future={}, forecast={}, past={HOSTILE: [1.0, None]})
    title = forecast(only, "#3c69c7", "light").layout.yaxis.title.text
    assert title.startswith("&lt;img")
    assert not any(map(drawable, text_examples()))


def test_examples_lead_to_the_pages_that_open_the_checkpoint(app: Dash, tested: Path) -> None:
    found = draw(app, "?run=recall-lstm")
    assert {"Worst examples, recall-lstm", "remember", "R EH M", "9.1", "phone"} <= set(texts(found))
    assert "cat" not in texts(found)
    assert links(found) == {
        "Attention": "/attention?run=recall-lstm&look=recall-lstm&checkpoint=best&text=phone",
        "Gates": "/gates?run=recall-lstm&look=recall-lstm&checkpoint=best&text=phone",
    }
    drawn = texts(draw(app, "?run=recall-lstm&examples=drawn"))
    assert {"Examples drawn by chance, recall-lstm", "cat"} <= set(drawn)
    assert "loss 3, asked at 2026-01-01 23:00" in texts(draw(app, "?run=recall-rnn"))


def test_what_no_example_has_is_no_column(app: Dash, tested: Path) -> None:
    assert {"True", "Answered"} <= set(texts(draw(app, "?run=recall-lstm")))
    run = RunFolder(tested / "recall-lstm")
    write_records(run, *quality_records(0.1), *[replace(one, truth="", answer="") for one in text_examples()])
    found = set(texts(draw(app, "?run=recall-lstm")))
    assert {"Read", "remember"} <= found
    assert not {"True", "Answered"} & found


def test_examples_of_numbers_lead_there_by_their_place_in_the_split(app: Dash, tested: Path) -> None:
    known, unknown, drawn = forecast_examples()
    known = replace(known, settings={"step": 23, "split": "test"})
    folder = RunFolder(tested / "recall-rnn")
    write_records(folder, known, unknown, drawn)
    there = "?run=recall-rnn&look=recall-rnn&checkpoint=best&text=test%2040%20to%2024"
    assert links(draw(app, "?run=recall-rnn")) == {
        "Attention": f"/attention{there}",
        "Gates": f"/gates{there}",
    }
    write_data(folder, series_data(splits={"val": {"examples": 16, "batches": 1}}))
    view = View(look="recall-rnn", checkpoint="best")
    offered = numbers.offered(RunIndex(tested), view)
    spread = [f"val {place}" for place in range(0, 16, 2)]
    assert offered == [
        {"group": "Worst examples", "items": ["test 40 to 24"]},
        {"group": "Of validation", "items": spread},
    ]


def test_what_is_not_there_is_said_and_what_to_type(app: Dash, tested: Path) -> None:
    empty = texts(draw(app, "?run=recall-attention"))
    assert "recall-attention has no measured quality for its checkpoint 'best'." in empty
    assert not any("has no confusion" in text for text in empty)  # few tasks have one
    assert any("seqtoolkit test --ckpt_path" in text for text in empty)
    assert set(texts(draw(app, ""))) & {"recall-lstm", "recall-gru"} == {"recall-lstm", "recall-gru"}


def test_a_torn_file_is_reported_and_the_others_are_drawn(app: Dash, tested: Path) -> None:
    for name in ("quality", "confusion", "examples"):
        (tested / "recall-gru" / "probes" / "best" / f"{name}.json").write_text("{")
    said = texts(draw(app))
    assert sum("recall-gru: " in text and "not valid JSON" in text for text in said) == 3
    assert "Accuracy (share)" in said

"""Retention records as curves: colours and lines, twins, seeds, parts, shares and limits; and as rows of a file."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from seqtoolkit_dashboard.figures.memory import PROTOCOLS, Panel, retention
from seqtoolkit_dashboard.figures.memory_traces import Curve
from seqtoolkit_dashboard.figures.shares import shares
from seqtoolkit_dashboard.pages import bands, retained, retained_csv
from seqtoolkit_dashboard.pooled import pooled
from seqtoolkit_dashboard.theme import LineStyle

from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run
from tests.dashboard.retention_folders import protocol_records

STYLE = LineStyle("#3c69c7", "solid")
RUN = Run(Path("a"), "a", "finished", arch="lstm")


def records(*names: str, **fields: Any) -> list[tuple[Run, Record]]:
    found = [Record.from_dict({**one, **fields}) for one in protocol_records("lstm", untrained=False)]
    return [(RUN, record) for record in found if record.protocol in (names or PROTOCOLS)]


def test_colour_is_the_model_and_line_the_protocol() -> None:
    drawn = retained.curves([RUN], records(), "light")
    assert len({curve.style.colour for curve in drawn}) == 1
    assert len({curve.style.dash for curve in drawn}) == len(PROTOCOLS) == len(drawn)
    assert {curve.style.dash for curve in retained.curves([RUN], records("recall"), "light")} == {"solid"}


def test_a_twin_is_faint_and_has_no_horizon_in_the_strip() -> None:
    twin = records("recall", settings={"twin": True})[0][1]
    trained = records("recall")[0][1]
    figure = retention(
        [Panel("accuracy", [Curve("a", trained, STYLE), Curve("a", twin, STYLE)])], "linear", "light"
    )
    lines = {trace.name: trace for trace in figure.data if trace.name}
    assert lines["a, untrained"].line.color.startswith("rgba(60,105,199,0.5")
    assert lines["a, untrained"].line.width < lines["a"].line.width
    assert sum(trace.mode == "markers+text" for trace in figure.data) == 1
    assert sum(trace.fill == "tonexty" for trace in figure.data) == 1
    assert "untrained twin" in lines


def test_seeds_of_a_measurement_are_one_curve_whose_interval_holds_each() -> None:
    several = [(RUN, Record.from_dict(one)) for one in protocol_records("gru", seeds=3, untrained=False)]
    joined = pooled(several)
    assert len(joined) == len(PROTOCOLS)
    for _, one in joined:
        group = [record for _, record in several if record.protocol == one.protocol]
        for k in range(len(one.lags)):
            assert one.lower[k] == min(record.lower[k] for record in group)
            assert one.upper[k] == max(record.upper[k] for record in group)
            assert one.lower[k] <= one.estimate[k] <= one.upper[k]


def test_a_band_is_said_to_be_what_it_is() -> None:
    several = [(RUN, Record.from_dict(one)) for one in protocol_records("gru", seeds=2, untrained=False)]
    (hull,) = retained.curves(
        [RUN], pooled([pair for pair in several if pair[1].protocol == "recall"]), "light"
    )
    single = Curve("b", records("recall", settings={"interval": "t over sequences"})[0][1], STYLE)
    twin = Curve("c", records("recall", settings={"twin": True})[0][1], STYLE)
    assert bands.shaded([single, twin]) == "Shaded: at each lag, the 95 % interval by t over sequences."
    assert bands.horizons([single, twin]).endswith("above the threshold, with its 95 % interval.")
    for told in (bands.shaded([hull]), bands.horizons([hull])):
        assert "from the lowest to the highest limit of the 95 % intervals of the seeds" in told
        assert "the 95 % interval " not in told
    assert "where there are several seeds (a), from the lowest" in bands.shaded([single, hull])
    assert "; of several seeds the median" in bands.horizons([single, hull])
    assert bands.shaded([twin]) == bands.horizons([twin]) == ""


def test_parts_of_a_model_are_apart() -> None:
    found = [
        (RUN, records("decoding", settings={"part": part, "drive": "iid"})[0][1])
        for part in ("encoder", "decoder")
    ]
    drawn = retained.curves([RUN], pooled(found), "light")
    assert [curve.label for curve in drawn] == ["a, encoder", "a, decoder"]
    assert len({curve.symbol for curve in drawn}) == 2


def test_every_share_is_at_most_one_and_one_is_reached() -> None:
    curves = [Curve("a", record, STYLE) for _, record in records()]
    for curve in shares(curves):
        assert max(curve.record.estimate, key=abs) == pytest.approx(1.0)
        assert all(low <= value <= high for low, value, high in zip(
            curve.record.lower, curve.record.estimate, curve.record.upper, strict=True))  # fmt: skip
    flat = records("recall", estimate=[0.5] * 12, null=[0.5] * 12)[0][1]
    assert set(shares([Curve("a", flat, STYLE)])[0].record.estimate) == {0.0}


def test_a_far_null_does_not_flatten_the_curves() -> None:
    low, high = retention(
        [Panel("log10 norm", [Curve("a", records("gradient")[0][1], STYLE)])], "linear", "light"
    ).layout.yaxis.range
    assert -3 < low < high < 1


def test_names_that_a_spreadsheet_would_run_are_quoted() -> None:
    evil = Run(Path("x"), "=cmd()", "finished", arch="+1")
    for write in (retained_csv.curves, retained_csv.horizons):
        line = write([(evil, records("recall")[0][1])], "@best", ()).splitlines()[1]
        assert line.startswith("'=cmd(),'+1,'@best,recall")


def test_a_negative_number_stays_a_number() -> None:
    rows = csv.DictReader(io.StringIO(retained_csv.curves(records("gradient"), "best", ())))
    assert min(float(row["estimate"]) for row in rows) < 0

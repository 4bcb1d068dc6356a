"""A measure of answers over the length of their sources, with bands, and below how many sequences are behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit_dashboard.theme import MUTED, LineStyle, Scheme, faded, plain, template

CURVES, STRIP = 400, 70  # pixels


@dataclass(frozen=True)
class Measure:
    """How a measure is asked for and drawn."""

    title: str  # of the button
    axis: str
    form: str  # of a value, as d3 and Python both read it
    top: float | None = None  # the largest possible value, where that should be on screen
    error: bool = False  # whether one minus the stored value is shown


MEASURES = {
    "error_rate": Measure("Symbol errors", "edits for each symbol of the reference", ".3f"),
    "sequence_accuracy": Measure("Sequence errors", "share of answers that are wrong", ".3f", error=True),
    "chrf": Measure("chrF", "chrF2 (100: perfect)", ".1f", top=100.0),
    "bleu": Measure("BLEU", "BLEU (100: perfect)", ".1f", top=100.0),
}


@dataclass(frozen=True)
class Point:
    """One bin of source lengths."""

    low: int
    high: int
    estimate: float
    lower: float
    upper: float
    n: int

    @property
    def middle(self) -> float:
        """Where the bin is drawn."""
        return (self.low + self.high) / 2

    def __str__(self) -> str:
        return f"{self.low}" if self.low == self.high else f"{self.low} to {self.high}"


@dataclass(frozen=True)
class Curve:
    """The measure of one run, at least one point."""

    label: str
    model: str
    points: Sequence[Point]
    style: LineStyle


def points(record: LengthRecord) -> list[Point]:
    """Return the bins of a record that have sequences in them, as its measure is shown."""
    columns = zip(record.low, record.high, record.estimate, record.lower, record.upper, record.n, strict=True)
    kept = [Point(*column) for column in columns if column[-1] > 0]
    if not MEASURES[record.measure].error:
        return kept
    return [Point(p.low, p.high, 1 - p.estimate, 1 - p.upper, 1 - p.lower, p.n) for p in kept]


def lengths(curves: Sequence[Curve], measure: Measure, scheme: Scheme) -> go.Figure:
    """Draw curves (at least one) with 95 % bands over the source length, and the n of each bin below."""
    figure = make_subplots(
        rows=2, shared_xaxes=True, row_heights=[CURVES, STRIP], vertical_spacing=16 / (CURVES + STRIP)
    )
    for curve in curves:
        figure.add_traces([*_band(curve), _line(curve, measure)])
    figure.add_traces(_counts(curves, scheme), rows=2, cols=1)
    figure.update_yaxes(title_text=measure.axis, range=_range(measure, curves), row=1)
    figure.update_yaxes(title_text="n", nticks=3, rangemode="tozero", fixedrange=True, row=2)
    figure.update_xaxes(range=_span(curves))
    figure.update_xaxes(title_text="source length (symbols)", showticklabels=True, row=2)
    figure.update_layout(template=template(scheme), height=CURVES + STRIP + 110, barmode="overlay", bargap=0)
    return figure.update_layout(
        uirevision=f"{measure.title} {scheme} {[curve.label for curve in curves]} {_span(curves)}"
    )


def _range(measure: Measure, curves: Sequence[Curve]) -> list[float]:
    """Return the limits of the axis: from nothing to the largest band, or the best there can be, with some room."""
    top = measure.top or max(0.02, *(point.upper for curve in curves for point in curve.points))
    return [-0.02 * top, 1.04 * top]


def _span(curves: Sequence[Curve]) -> list[float]:
    bounds = [bound for curve in curves for point in curve.points for bound in (point.low, point.high)]
    return [min(bounds) - 0.5, max(bounds) + 0.5]


def _line(curve: Curve, measure: Measure) -> go.Scatter:
    name = plain(curve.label)
    own = f"{name}<br>{plain(curve.model)}" if curve.model != curve.label else name
    value = (
        f"<b>%{{y:{measure.form}}}</b> [%{{customdata[1]:{measure.form}}}, %{{customdata[2]:{measure.form}}}]"
    )
    return go.Scatter(
        x=[point.middle for point in curve.points],
        y=[point.estimate for point in curve.points],
        customdata=[[str(point), point.lower, point.upper, point.n] for point in curve.points],
        name=f"{name} ({plain(curve.model)})" if curve.model else name,
        legendgroup=curve.label,
        mode="lines+markers",
        line={"color": curve.style.colour, "dash": curve.style.dash, "width": 2.5},
        marker={"size": 6},
        hovertemplate=(
            f"{own}<br>length %{{customdata[0]}}: {value}, n = %{{customdata[3]:,}}<extra></extra>"
        ),
    )


def _band(curve: Curve) -> list[go.Scatter]:
    """Return the 95 % band as two invisible lines with the space between them filled."""
    same = {
        "x": [point.middle for point in curve.points],
        "mode": "lines",
        "line": {"width": 0},
        "legendgroup": curve.label,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    fill = faded(curve.style.colour, 0.16)
    return [
        go.Scatter(y=[point.lower for point in curve.points], **same),
        go.Scatter(y=[point.upper for point in curve.points], fill="tonexty", fillcolor=fill, **same),
    ]


def _counts(curves: Sequence[Curve], scheme: Scheme) -> list[go.Bar]:
    """Draw how many sequences each bin has: once in grey where all runs were measured on the same ones."""
    binned = {tuple((point.low, point.high, point.n) for point in curve.points) for curve in curves}
    if len(binned) == 1:
        return [_bars(curves[0].points, "", faded(MUTED[scheme], 0.55))]
    return [_bars(c.points, f"{plain(c.label)}<br>", faded(c.style.colour, 0.35)) for c in curves]


def _bars(points: Sequence[Point], whose: str, colour: str) -> go.Bar:
    return go.Bar(
        x=[point.middle for point in points],
        y=[point.n for point in points],
        width=[point.high - point.low + 0.8 for point in points],
        customdata=[str(point) for point in points],
        marker={"color": colour, "line": {"width": 0}},
        showlegend=False,
        hovertemplate=f"{whose}length %{{customdata}}: n = %{{y:,}}<extra></extra>",
    )

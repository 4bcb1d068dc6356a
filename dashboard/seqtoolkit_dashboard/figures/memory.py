"""Retention curves of several runs over the lag, with bands, chance, and the horizons in a strip below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqtoolkit.retention.record import Record
from seqtoolkit_dashboard.theme import MUTED, LineStyle, Scheme, faded, plain, template
from seqtoolkit_dashboard.view import Scale

CURVES, ROW = 400, 30  # pixels: the panel of curves, one line of the strip


@dataclass(frozen=True)
class Protocol:
    """What one way of measuring retention asks, and how its axis reads."""

    question: str
    axis: str


PROTOCOLS = {
    "recall": Protocol(
        "Does it answer? Accuracy of recalling a symbol seen that many steps ago.", "accuracy"
    ),
}


@dataclass(frozen=True)
class Curve:
    """The retention record of one run."""

    label: str
    record: Record
    style: LineStyle


def retention(curves: Sequence[Curve], axis: str, scale: Scale, scheme: Scheme) -> go.Figure:
    """Draw curves (at least one, of at least one lag) with 95 % bands, chance, and horizons with intervals."""
    same = f"{scale} {scheme} {[curve.label for curve in curves]} {_longest(curves)}"
    strip = ROW * len(curves) + 20
    figure = make_subplots(
        rows=2, shared_xaxes=True, row_heights=[CURVES, strip], vertical_spacing=16 / (CURVES + strip)
    )
    figure.add_traces(_chance(curves, scheme))
    for row, curve in enumerate(curves):
        figure.add_traces([*_band(curve), _line(curve)])
        figure.add_traces(_horizon(curve, len(curves) - row, scale), rows=2, cols=1)
    figure.update_yaxes(title_text=plain(axis), row=1)
    if axis == "accuracy":
        figure.update_yaxes(range=[-0.02, 1.04], row=1)
    figure.update_yaxes(title_text="horizon", showgrid=False, showticklabels=False, row=2)
    figure.update_yaxes(range=[0.3, len(curves) + 0.7], fixedrange=True, row=2)
    figure.update_xaxes(**_lag_axis(curves, scale))
    figure.update_xaxes(title_text="lag: steps between a symbol and its recall", showticklabels=True, row=2)
    figure.update_layout(template=template(scheme), height=CURVES + strip + 100, uirevision=same)
    return figure


def _lag_axis(curves: Sequence[Curve], scale: Scale) -> dict[str, object]:
    """Mark powers of two on a logarithmic axis, on which lag 0 has no place."""
    if scale == "linear":
        return {"type": "linear", "rangemode": "tozero"}
    powers = [2**i for i in range(_longest(curves).bit_length() + 1)]
    return {"type": "log", "tickvals": powers, "ticktext": [str(power) for power in powers]}


def _longest(curves: Sequence[Curve]) -> int:
    return max(lag for curve in curves for lag in curve.record.lags)


def _line(curve: Curve) -> go.Scatter:
    record = curve.record
    return go.Scatter(
        x=record.lags,
        y=record.estimate,
        customdata=list(zip(record.lower, record.upper, record.n, strict=True)),
        name=plain(curve.label),
        legendgroup=curve.label,
        mode="lines+markers",
        line={"color": curve.style.colour, "dash": curve.style.dash, "width": 2.5},
        marker={"size": 6},
        hovertemplate=(
            f"{plain(curve.label)}<br>lag %{{x}}: <b>%{{y:.3f}}</b> "
            "[%{customdata[0]:.3f}, %{customdata[1]:.3f}], n = %{customdata[2]:,}<extra></extra>"
        ),
    )


def _band(curve: Curve) -> list[go.Scatter]:
    """Return the 95 % band as two invisible lines with the space between them filled."""
    record, edge, fill = curve.record, {"width": 0}, faded(curve.style.colour, 0.16)
    same = {
        "x": record.lags,
        "mode": "lines",
        "legendgroup": curve.label,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    return [
        go.Scatter(y=record.lower, line=edge, **same),
        go.Scatter(y=record.upper, line=edge, fill="tonexty", fillcolor=fill, **same),
    ]


def _chance(curves: Sequence[Curve], scheme: Scheme) -> list[go.Scatter]:
    """Draw what a model without memory reaches: one grey line where all agree, else one for each curve."""
    levels = {level for curve in curves for level in curve.record.null}
    if max(levels) - min(levels) < 1e-6:
        lags = [lag for curve in curves for lag in curve.record.lags]
        return [_dotted([min(lags), max(lags)], [max(levels)] * 2, "chance", MUTED[scheme])]
    return [_dotted(c.record.lags, c.record.null, f"chance, {c.label}", c.style.colour) for c in curves]


def _dotted(xs: Sequence[float], ys: Sequence[float], name: str, colour: str) -> go.Scatter:
    return go.Scatter(
        x=list(xs),
        y=list(ys),
        name=plain(name),
        mode="lines",
        line={"color": colour, "dash": "dot", "width": 1.5},
        hovertemplate="chance %{y:.3f}<extra></extra>",
    )


def _horizon(curve: Curve, row: int, scale: Scale) -> list[go.Scatter]:
    """Draw an interval and its estimate; an arrow says that the horizon lies beyond the longest lag."""
    horizon, left = curve.record.horizon, min(curve.record.lags)
    if horizon is None:
        return []
    says = f"{plain(curve.label)}<br>horizon {horizon}<extra></extra>"
    place = {"legendgroup": curve.label, "showlegend": False, "hovertemplate": says, "cliponaxis": False}
    lower, at, upper = (
        max(lag, left, 1) if scale == "log" else lag
        for lag in (horizon.lower, horizon.estimate, horizon.upper)
    )
    line = go.Scatter(x=[lower, upper], y=[row, row], mode="lines", **place)
    mark = go.Scatter(x=[at], y=[row], mode="markers+text", **place)
    side = "right" if at < max(curve.record.lags) / 2 else "left"  # towards the middle of the picture
    mark.update(text=[f"{plain(curve.label)}: {horizon}"], textposition=f"top {side}")
    mark.update(marker={"symbol": "arrow-right" if horizon.censored else "diamond", "size": 13})
    return [
        line.update(line_color=curve.style.colour, line_width=3),
        mark.update(marker_color=curve.style.colour),
    ]

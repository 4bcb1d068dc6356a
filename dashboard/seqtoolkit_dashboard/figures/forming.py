"""Memory while it forms: the horizon of each protocol against the step of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from seqtoolkit_dashboard.figures.memory import PROTOCOLS
from seqtoolkit_dashboard.figures.memory_traces import protocol_key
from seqtoolkit_dashboard.theme import LineStyle, Scheme, faded, plain, template
from seqtoolkit_dashboard.view import Scale

HEIGHT = 380  # pixels
_NOTHING = 0.5  # where a horizon of 0 stands on a logarithmic axis


@dataclass(frozen=True)
class Horizons:
    """The horizons of one protocol in one run, in the order of training (at least one)."""

    run: str
    protocol: str
    steps: list[float]
    estimate: list[float]
    lower: list[float]
    upper: list[float]
    censored: list[bool]  # whether the horizon lies beyond the longest lag
    style: LineStyle


def forming(curves: Sequence[Horizons], scale: Scale, scheme: Scheme) -> go.Figure:
    """Draw curves (at least one) with their 95 % bands; a triangle says that a horizon is at least so far."""
    several = len({curve.protocol for curve in curves}) > 1
    named: set[str] = set()
    figure = go.Figure()
    for curve in curves:
        figure.add_traces([*_band(curve, scale), _line(curve, scale, several, curve.run not in named)])
        named.add(curve.run)
    if several:
        names = [name for name in PROTOCOLS if any(curve.protocol == name for curve in curves)]
        figure.add_traces([protocol_key(name, PROTOCOLS[name].dash, scheme) for name in names])
    figure.update_xaxes(title_text="training step", rangemode="tozero")
    figure.update_yaxes(title_text="horizon (steps back)", **_axis(curves, scale))
    same = f"{scale} {scheme} {[(curve.run, curve.protocol) for curve in curves]}"
    return figure.update_layout(template=template(scheme), height=HEIGHT, uirevision=same)


def _line(curve: Horizons, scale: Scale, several: bool, named: bool) -> go.Scatter:
    beyond = ["at least " if censored else "" for censored in curve.censored]
    value = "%{customdata[0]}<b>%{customdata[1]:,}</b> [%{customdata[2]:,}, %{customdata[3]:,}]"
    return go.Scatter(
        x=curve.steps,
        y=_placed(curve.estimate, scale),
        customdata=list(zip(beyond, curve.estimate, curve.lower, curve.upper, strict=True)),
        name=plain(curve.run),
        legendgroup=curve.run,
        showlegend=named,
        mode="lines+markers",
        line={
            "color": curve.style.colour,
            "dash": PROTOCOLS[curve.protocol].dash if several else curve.style.dash,
            "width": 2.5,
        },
        marker={
            "size": [11 if censored else 6 for censored in curve.censored],
            "symbol": ["triangle-up" if censored else "circle" for censored in curve.censored],
        },
        hovertemplate=f"{plain(curve.run)}<br>{curve.protocol} at step %{{x:,}}: {value}<extra></extra>",
    )


def _band(curve: Horizons, scale: Scale) -> list[go.Scatter]:
    """Return the 95 % band as two invisible lines with the space between them filled."""
    same = {
        "x": curve.steps,
        "mode": "lines",
        "legendgroup": curve.run,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    edge, fill = {"width": 0}, faded(curve.style.colour, 0.16)
    return [
        go.Scatter(y=_placed(curve.lower, scale), line=edge, **same),
        go.Scatter(y=_placed(curve.upper, scale), line=edge, fill="tonexty", fillcolor=fill, **same),
    ]


def _placed(values: Sequence[float], scale: Scale) -> list[float]:
    return [max(value, _NOTHING) for value in values] if scale == "log" else list(values)


def _axis(curves: Sequence[Horizons], scale: Scale) -> dict[str, object]:
    """Mark powers of two on a logarithmic axis, and give 0 a place below them."""
    if scale == "linear":
        return {"type": "linear", "rangemode": "tozero"}
    longest = max(value for curve in curves for value in curve.upper)
    powers = [2**i for i in range(int(longest).bit_length() + 1)]
    return {"type": "log", "tickvals": [_NOTHING, *powers], "ticktext": ["0", *map(str, powers)]}

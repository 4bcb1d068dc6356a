"""Retention curves of several runs over the lag: one panel or several on the same lags, and the horizons in a strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqtoolkit_dashboard.figures.memory_traces import (
    Curve,
    band,
    chance,
    horizon,
    line,
    protocol_key,
    twin_key,
)
from seqtoolkit_dashboard.theme import Scheme, plain, template
from seqtoolkit_dashboard.view import Scale

CURVES, PANEL, ROW = 400, 260, 30  # pixels: a single panel, one of several, one line of the strip


@dataclass(frozen=True)
class Protocol:
    """What one way of measuring retention asks, how its lags read, and its line where several share an axis."""

    asks: str
    question: str
    lag: str
    dash: str


_BACK = "lag: steps back in time"
PROTOCOLS = {
    "decoding": Protocol(
        "Is it present?",
        "How much of the input of that many steps ago a linear readout finds in the features.",
        _BACK,
        "solid",
    ),
    "gradient": Protocol(
        "Could it be learned?",
        "How much of the gradient reaches the input of that many steps ago.",
        _BACK,
        "dash",
    ),
    "influence": Protocol(
        "Is it used?",
        "How much the output changes when the input of that many steps ago is replaced.",
        _BACK,
        "dot",
    ),
    "recall": Protocol(
        "Does it answer?",
        "Accuracy of recalling a symbol seen that many steps ago.",
        "lag: steps between a symbol and its recall",
        "dashdot",
    ),
    "truncation": Protocol(
        "Does context help?",
        "The loss when only the latest inputs are read, set against all inputs at the same targets.",
        "context: latest inputs that are read",
        "longdash",
    ),
    "timescale": Protocol(
        "What is it built for?",
        "What the gates keep after that many steps, or for how long.",
        "lag: steps",
        "longdashdot",
    ),
}


@dataclass(frozen=True)
class Panel:
    """Curves (at least one, of at least one lag each) on one axis, and how it reads."""

    axis: str
    curves: Sequence[Curve]


def retention(panels: Sequence[Panel], scale: Scale, scheme: Scheme, single: int = CURVES) -> go.Figure:
    """Draw panels (at least one) above each other with 95 % bands and chance, and below them all horizons.

    A single panel is `single` pixels high.
    """
    curves = [curve for panel in panels for curve in panel.curves]
    shown = [curve for curve in curves if curve.record.horizon is not None and not curve.twin]
    heights = [single if len(panels) == 1 else PANEL] * len(panels)
    heights += [ROW * len(shown) + 20] if shown else []
    gap = 30 if len(panels) > 1 else 16
    figure = make_subplots(
        rows=len(heights),
        shared_xaxes=True,
        row_heights=heights,
        vertical_spacing=gap / sum(heights),
    )
    _draw_curves(figure, panels, scheme)
    for place, curve in enumerate(shown):
        traces = horizon(curve, len(shown) - place, scale, several(curves))
        figure.add_traces(traces, rows=len(heights), cols=1)
    if shown:
        figure.update_yaxes(title_text="horizon", showgrid=False, showticklabels=False, row=len(heights))
        figure.update_yaxes(range=[0.3, len(shown) + 0.7], fixedrange=True, row=len(heights))
    figure.update_xaxes(**_lag_axis(curves, scale))
    figure.update_xaxes(title_text=_lag_title(curves), showticklabels=True, row=len(heights))
    height = sum(heights) + gap * (len(heights) - 1) + 84 + 20 * (len(_legend(figure)) // 5)
    same = f"{scale} {scheme} {[panel.axis for panel in panels]} {[curve.label for curve in curves]} {_longest(curves)}"
    return figure.update_layout(template=template(scheme), height=height, uirevision=same)


def several(curves: Sequence[Curve]) -> bool:
    """Say whether curves are of more than one protocol, so that their lines must tell which."""
    return len({curve.record.protocol for curve in curves}) > 1


def _draw_curves(figure: go.Figure, panels: Sequence[Panel], scheme: Scheme) -> None:
    named: set[str] = set()
    everything = [curve for panel in panels for curve in panel.curves]
    for row, panel in enumerate(panels, 1):
        traces = chance(panel.curves, scheme, named=row == 1, several=several(everything))
        for curve in panel.curves:
            first = curve.label not in named and not curve.twin
            traces += [*([] if curve.twin else band(curve)), line(curve, first)]
            named |= {curve.label} if first else set()
        figure.add_traces(traces, rows=row, cols=1)
        figure.update_yaxes(title_text=plain(panel.axis), range=_range(panel), exponentformat="e", row=row)
    if several(everything):
        names = [name for name in PROTOCOLS if any(curve.record.protocol == name for curve in everything)]
        figure.add_traces(
            [protocol_key(name, PROTOCOLS[name].dash, scheme) for name in names], rows=1, cols=1
        )
    if any(curve.twin for curve in everything):
        figure.add_trace(twin_key(scheme), row=1, col=1)


def _range(panel: Panel) -> list[float]:
    """Return limits that hold every band, and the nulls unless they lie so far off that the curves would be flat."""
    if panel.axis == "accuracy":
        return [-0.02, 1.04]
    records = [curve.record for curve in panel.curves]
    values = [
        value
        for record in records
        for column in (record.estimate, record.lower, record.upper)
        for value in column
    ]
    low, high = min(values), max(values)
    reach = (high - low) or abs(high) or 1.0
    nulls = [null for record in records for null in record.null if low - reach <= null <= high + reach]
    low, high = min([low, *nulls]), max([high, *nulls])
    room = 0.05 * ((high - low) or reach)
    return [low - room, high + room]


def _legend(figure: go.Figure) -> list[str]:
    return [trace.name for trace in figure.data if trace.showlegend is not False and trace.name]


def _lag_title(curves: Sequence[Curve]) -> str:
    titles = {PROTOCOLS[curve.record.protocol].lag for curve in curves}
    return titles.pop() if len(titles) == 1 else "lag (steps); for truncation, the inputs that are read"


def _lag_axis(curves: Sequence[Curve], scale: Scale) -> dict[str, object]:
    """Mark powers of two on a logarithmic axis, on which lag 0 has no place."""
    if scale == "linear":
        return {"type": "linear", "rangemode": "tozero"}
    powers = [2**i for i in range(int(_longest(curves)).bit_length() + 1)]
    return {"type": "log", "tickvals": powers, "ticktext": [str(power) for power in powers]}


def _longest(curves: Sequence[Curve]) -> float:
    return max(lag for curve in curves for lag in curve.record.lags)

"""Gates and states: maps of units over time, the trace of one unit as lines, and a histogram of time constants."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqtoolkit_dashboard.figures.attention import across
from seqtoolkit_dashboard.theme import DASHES, INK, PALETTE, RAMPS, Scheme, faded, plain, template

STATES = ("cell", "hidden")  # with a sign; gates lie between 0 and 1
LEAST = 1e-2  # steps: a time constant below it has forgotten all at once
MAP = 420  # pixels, at most


@dataclass(frozen=True)
class Units:
    """The order in which D units stand from top to bottom, and what is said of each."""

    order: Sequence[int]  # D numbers from 0
    time_constants: np.ndarray | None  # (D,) by number, in steps
    pinned: int = 0  # the unit that is marked, from 1; 0: none

    def says(self, number: int) -> str:
        """Name a unit (from 0), with its time constant."""
        if self.time_constants is None:
            return f"unit {number + 1}"
        return f"unit {number + 1}, τ = {steps(float(self.time_constants[number]))}"


def steps(value: float) -> str:
    """Write a time constant."""
    return "∞ steps" if math.isinf(value) else f"{_rounded(value)} steps"


def _rounded(value: float) -> str:
    """Write three digits, and thousands without an exponent."""
    return f"{float(f'{value:.3g}'):,.0f}" if 1000 <= value < 1e6 else f"{value:.3g}"


def unit_map(values: np.ndarray, name: str, inputs: Sequence[str], units: Units, scheme: Scheme) -> go.Figure:
    """Draw values (D, T): gates from 0 to 1, states around 0, units in their order from the top."""
    signed = name in STATES
    top = float(max(np.abs(values).max(initial=0.0), 1e-9)) if signed else 1.0
    colours = [*reversed(RAMPS["influence", scheme]), *RAMPS["attention", scheme]]
    columns = [f"{plain(symbol)} (step {i + 1})" for i, symbol in enumerate(inputs)]
    figure = go.Figure(
        go.Heatmap(
            z=values[list(units.order)].astype(np.float32),
            x=list(range(len(inputs))),
            customdata=[columns] * len(units.order),
            text=[[units.says(number)] * len(columns) for number in units.order],
            hovertemplate="%{text}<br>%{customdata}: <b>%{z:.3f}</b><extra></extra>",
            zmin=-top if signed else 0.0,
            zmax=top,
            colorscale=colours if signed else list(RAMPS["attention", scheme]),
            colorbar={"thickness": 8, "outlinewidth": 0, "ypad": 0, "nticks": 5},
        )
    )
    figure.update_xaxes(title_text="input symbol", showgrid=False, **across(inputs))
    order = "unit, slowest first" if units.time_constants is not None else "unit"
    figure.update_yaxes(title_text=order, showgrid=False, autorange="reversed", **_unit_ticks(units))
    if 0 < units.pinned <= len(units.order):
        row = list(units.order).index(units.pinned - 1)
        place = {"x0": -0.5, "x1": len(inputs) - 0.5, "y0": row - 0.5, "y1": row + 0.5}
        figure.add_shape(type="rect", **place, line={"color": INK[scheme], "width": 2})
    return figure.update_layout(
        template=template(scheme), height=min(max(4 * len(units.order), 180), MAP) + 80
    )


def unit_trace(
    maps: Mapping[str, np.ndarray], number: int, inputs: Sequence[str], scheme: Scheme
) -> go.Figure:
    """Draw all gates of one unit (from 0) as lines over time, and below them its states."""
    kinds = [[name for name in maps if (name in STATES) == signed] for signed in (False, True)]
    rows = [names for names in kinds if names]
    figure = make_subplots(rows=len(rows), shared_xaxes=True, vertical_spacing=0.08)
    columns = [f"{plain(symbol)} (step {i + 1})" for i, symbol in enumerate(inputs)]
    for row, names in enumerate(rows, 1):
        for name in names:
            place = list(maps).index(name)
            line = {"color": PALETTE[scheme][place], "dash": DASHES[place % len(DASHES)], "width": 2.5}
            figure.add_trace(
                go.Scatter(
                    x=list(range(len(inputs))),
                    y=maps[name][number].astype(np.float32),
                    customdata=columns,
                    name=title(name),
                    mode="lines+markers" if len(inputs) <= 40 else "lines",
                    marker={"size": 5},
                    line=line,
                    hovertemplate=f"{title(name)}, %{{customdata}}: <b>%{{y:.3f}}</b><extra></extra>",
                ),
                row,
                1,
            )
        signed = names[0] in STATES
        figure.update_yaxes(
            title_text="state" if signed else "gate",
            range=None if signed else [-0.03, 1.03],
            nticks=5,
            row=row,
        )
    figure.update_xaxes(showgrid=False, **across(inputs))
    figure.update_xaxes(title_text="input symbol", showticklabels=True, row=len(rows))
    return figure.update_layout(template=template(scheme), height=170 * len(rows) + 110)


def histogram(time_constants: np.ndarray, pinned: int, scheme: Scheme) -> go.Figure:
    """Count the units (D,) by their time constants on a logarithmic axis; what never forgets has a bar of its own."""
    finite = time_constants[np.isfinite(time_constants)]
    logs = np.log10(np.maximum(finite, LEAST))
    edges, width = _edges(logs)
    counts = np.histogram(logs, edges)[0].tolist()
    spans = [f"{10**a:.3g} to {10**b:.3g} steps" for a, b in pairwise(edges.tolist())]
    middles = (edges[:-1] + width / 2).tolist()
    places, names = _decimal_ticks(float(edges[0]), float(edges[-1]))
    if len(finite) < len(time_constants):
        counts, spans = [*counts, len(time_constants) - len(finite)], [*spans, "∞: nothing is forgotten"]
        middles.append(float(edges[-1]) + 1.5 * width)
        places, names = [*places, middles[-1]], [*names, "∞"]
    bars = go.Bar(
        x=middles,
        y=counts,
        width=0.92 * width,
        marker={"color": faded(RAMPS["attention", scheme][5], 0.85), "line": {"width": 0}},
        customdata=spans,
        hovertemplate="%{customdata}: <b>%{y}</b> units<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_xaxes(title_text="time constant τ (steps)", tickvals=places, ticktext=names, showgrid=False)
    figure.update_yaxes(title_text="units", rangemode="tozero", nticks=5)
    if 0 < pinned <= len(time_constants):
        value = float(time_constants[pinned - 1])
        at = middles[-1] if math.isinf(value) else math.log10(max(value, LEAST))
        figure.add_vline(x=at, line={"color": INK[scheme], "width": 2})
    return figure.update_layout(template=template(scheme), height=300, showlegend=False)


def _edges(logs: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the edges of about a dozen bins or more, so wide that a factor of ten has a whole number of them."""
    low, high = float(logs.min(initial=math.inf)), float(logs.max(initial=-math.inf))
    if not len(logs):
        low = high = 0.0
    bins = next((count for count in (4, 8, 16, 32) if (high - low) * count >= 10), 64)
    first, last = math.floor(low * bins), max(math.floor(high * bins) + 1, math.floor(low * bins) + 1)
    return np.arange(first, last + 1) / bins, 1 / bins


def _decimal_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Return where round numbers stand on a logarithmic axis: as few digits as make at least three of them."""
    for digits in ((1,), (1, 2, 5), range(1, 10)):
        values = [d * 10.0**p for p in range(math.floor(low), math.ceil(high) + 1) for d in digits]
        places = [place for place in map(math.log10, values) if low <= place <= high]
        if len(places) >= 3:
            break
    else:
        places = np.linspace(low, high, 5).tolist()
    return places, [_rounded(10**place) for place in places]


def title(name: str) -> str:
    """Write the name of a trace: "forget gate"."""
    return name.replace("_", " ")


def _unit_ticks(units: Units) -> dict[str, object]:
    every = -(-len(units.order) // 16)
    return {
        "tickvals": list(range(0, len(units.order), every)),
        "ticktext": [str(number + 1) for number in units.order[::every]],
    }

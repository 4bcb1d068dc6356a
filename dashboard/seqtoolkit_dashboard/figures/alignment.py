"""Source against target: maps of weights and influence, what differs between two, and one row as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqtoolkit_dashboard.figures.attention import UNIT, across, ticks
from seqtoolkit_dashboard.theme import INK, RAMPS, Scheme, plain, template

Kind = Literal["attention", "influence"]
TITLE = {"attention": "attention", "influence": "influence"}


@dataclass(frozen=True)
class Symbols:
    """The names on both axes, and what is said of each target symbol."""

    source: Sequence[str]  # S
    target: Sequence[str]  # R
    says: Sequence[str]  # R lines that hover adds for a row, or nothing
    pinned: int = 0  # the row that is marked, from 1; 0: none


def alignment_map(values: np.ndarray, symbols: Symbols, kind: Kind, top: float, scheme: Scheme) -> go.Figure:
    """Draw values (R, S) on colours from 0 to `top`, so that maps with the same top can be compared."""
    figure = _map(values, symbols, f"{{z:.4f}}</b> {UNIT[kind]}")
    figure.update_traces(zmin=0.0, zmax=top, colorscale=list(RAMPS[kind, scheme]))
    figure.update_traces(colorbar_title_text=UNIT[kind])
    return _framed(figure, symbols, scheme)


def difference_map(values: np.ndarray, symbols: Symbols, kind: Kind, scheme: Scheme) -> go.Figure:
    """Draw differences (R, S), second minus first: blue where the second has more, orange where it has less."""
    top = float(max(np.abs(values).max(initial=0.0), 1e-9))
    figure = _map(values, symbols, f"{{z:+.4f}}</b> {UNIT[kind]}")
    colours = [*reversed(RAMPS["influence", scheme]), *RAMPS["attention", scheme]]
    figure.update_traces(zmin=-top, zmax=top, colorscale=colours)
    figure.update_traces(colorbar_title_text=f"Δ {UNIT[kind]}")
    return _framed(figure, symbols, scheme)


@dataclass(frozen=True)
class Row:
    """One target symbol: what one model looks at, and what changes its prediction, over its source."""

    name: str
    source: Sequence[str]  # S
    weights: np.ndarray | None  # (S,)
    influence: np.ndarray  # (S,)


def row_bars(rows: Sequence[Row], scheme: Scheme) -> go.Figure:
    """Draw the pinned row of one model or of two as bars over the source: weights above influence."""
    kinds: list[Kind] = (
        ["attention", "influence"] if any(row.weights is not None for row in rows) else ["influence"]
    )
    figure = make_subplots(rows=len(kinds), shared_xaxes=True, vertical_spacing=0.1)
    for place, kind in enumerate(kinds, 1):
        for row, shade in zip(rows, (5, 2), strict=False):
            values = row.weights if kind == "attention" else row.influence
            if values is not None:
                figure.add_trace(_bar(row, values, kind, RAMPS[kind, scheme][shade]), place, 1)
        figure.update_yaxes(
            title_text=f"{TITLE[kind]} ({UNIT[kind]})", rangemode="tozero", nticks=4, row=place
        )
    longest = max((row.source for row in rows), key=len)
    figure.update_xaxes(**across(longest), showgrid=False)
    figure.update_xaxes(title_text="source symbol", showticklabels=True, row=len(kinds))
    return figure.update_layout(template=template(scheme), height=150 * len(kinds) + 90, bargap=0.25)


def _bar(row: Row, values: np.ndarray, kind: Kind, colour: str) -> go.Bar:
    return go.Bar(
        x=list(range(len(values))),
        y=values.astype(np.float32),
        name=f"{TITLE[kind]}, {plain(row.name)}" if row.name else TITLE[kind],
        marker={"color": colour, "line": {"width": 0}},
        customdata=[f"{plain(name)} (source {i + 1})" for i, name in enumerate(row.source)],
        hovertemplate=f"%{{customdata}}: <b>%{{y:.4f}}</b> {UNIT[kind]}<extra></extra>",
    )


def _map(values: np.ndarray, symbols: Symbols, value: str) -> go.Figure:
    columns = [f"{plain(name)} (source {i + 1})" for i, name in enumerate(symbols.source)]
    rows = [f"{plain(name)} (target {i + 1})" for i, name in enumerate(symbols.target)]
    rows = [f"{row}{'<br>' * bool(says)}{plain(says)}" for row, says in zip(rows, symbols.says, strict=True)]
    return go.Figure(
        go.Heatmap(
            z=values.astype(np.float32),
            customdata=[columns] * len(rows),
            text=[[row] * len(columns) for row in rows],
            hovertemplate=f"%{{customdata}}: <b>%{value}<br>for %{{text}}<extra></extra>",
            colorbar={"thickness": 8, "outlinewidth": 0, "ypad": 0, "nticks": 5, "title": {"font_size": 12}},
            xgap=1,
            ygap=1,
        )
    )


def _framed(figure: go.Figure, symbols: Symbols, scheme: Scheme) -> go.Figure:
    """Add axes, and a frame around the pinned row."""
    figure.update_xaxes(title_text="source symbol", showgrid=False, **across(symbols.source))
    figure.update_yaxes(
        title_text="target symbol", showgrid=False, autorange="reversed", **ticks(symbols.target)
    )
    if 0 < symbols.pinned <= len(symbols.target):
        row, last = symbols.pinned - 1, len(symbols.source) - 0.5
        figure.add_shape(
            type="rect",
            **{"x0": -0.5, "x1": last, "y0": row - 0.5, "y1": row + 0.5},
            line={"color": INK[scheme], "width": 2},
        )
    return figure.update_layout(template=template(scheme), height=map_height(len(symbols.target)))


def map_height(rows: int) -> int:
    """Return pixels that keep rows legible and the map on one screen."""
    return min(max(24 * rows, 140), 620) + 80

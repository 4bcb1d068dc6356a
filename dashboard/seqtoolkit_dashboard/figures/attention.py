"""A heat map of input symbols against output symbols; what lies in the future of a row stays empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from seqtoolkit_dashboard.theme import RAMPS, UNSEEN, Scheme, plain, template, visible

Kind = Literal["attention", "influence"]
TICKS = 40  # labels on an axis, beyond which they are thinned
GAPS = 100  # columns, beyond which the gaps between them would hide narrow cells
UNIT = {"attention": "weight", "influence": "nats"}


@dataclass(frozen=True)
class Axes:
    """The symbols on both axes, and the input position from which each row is predicted."""

    inputs: Sequence[str]
    rows: Sequence[str]
    positions: Sequence[int]


def heat_map(values: np.ndarray, axes: Axes, kind: Kind, top: float, scheme: Scheme) -> go.Figure:
    """Draw values (R, T) on colours from 0 to `top`, so that maps with the same top can be compared."""
    steps = np.arange(len(axes.inputs))
    seen = steps[None, :] <= np.asarray(axes.positions)[:, None]  # (R, T)
    columns = [f"{plain(visible(name))} (input {i + 1})" for i, name in enumerate(axes.inputs)]
    rows = [f"{plain(visible(name))} (output {i + 1})" for i, name in enumerate(axes.rows)]
    figure = go.Figure(
        go.Heatmap(
            z=np.where(seen, values, np.nan).astype(np.float32),
            customdata=[columns] * len(rows),
            text=[[row] * len(columns) for row in rows],
            hovertemplate=f"%{{text}} from %{{customdata}}<br><b>%{{z:.4f}}</b> {UNIT[kind]}<extra></extra>",
            hoverongaps=False,
            zmin=0.0,
            zmax=top,
            colorscale=list(RAMPS[kind, scheme]),
            colorbar={
                "thickness": 8,
                "outlinewidth": 0,
                "ypad": 0,
                "nticks": 5,
                "title": {"text": UNIT[kind], "font_size": 12},
            },
            xgap=1 if len(axes.inputs) <= GAPS else 0,
            ygap=1,
        )
    )
    figure.update_xaxes(title_text="input symbol", **across(axes.inputs))
    figure.update_yaxes(title_text="output symbol", autorange="reversed", **ticks(axes.rows))
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False)
    return figure.update_layout(template=template(scheme), plot_bgcolor=UNSEEN[scheme], height=height(axes))


def height(axes: Axes) -> int:
    """Return pixels that keep rows legible and the map on one screen."""
    return min(max(24 * len(axes.rows), 140), 620) + 80


def across(names: Sequence[str]) -> dict[str, object]:
    """Name the places of a horizontal axis: single characters stand upright, longer names turn where it is narrow."""
    turn = {"tickangle": 0} if all(len(name) == 1 for name in names) else {"autotickangles": [0, 90]}
    return {**turn, **ticks(names)}


def ticks(names: Sequence[str]) -> dict[str, object]:
    """Name the places of an axis, some of them where all would not be legible."""
    every = -(-len(names) // TICKS)
    return {
        "tickvals": list(range(0, len(names), every)),
        "ticktext": [plain(visible(name)) for name in names[::every]],
    }

"""What a model of numbers read: a line for each channel, or a map of them where they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqtoolkit_dashboard.theme import PALETTE, RAMPS, Scheme, plain, template

if TYPE_CHECKING:
    from seqtoolkit.example_inspection import Read

LINES = 4  # channels; of more a map is drawn
PANEL, MAP = 110, 320  # pixels: of a line, and of a map at most


def channels(read: Read, scheme: Scheme) -> go.Figure:
    """Draw the channels (at least one) over the shown steps: lines in the user's units, or a map as the model reads."""
    return _lines(read, scheme) if len(read.channels) <= LINES else _map(read, scheme)


def _lines(read: Read, scheme: Scheme) -> go.Figure:
    count = len(read.channels)
    figure = make_subplots(rows=count, shared_xaxes=True, vertical_spacing=0.2 / max(2, count))
    for row, (name, values) in enumerate(zip(read.channels, read.values, strict=True), 1):
        line = go.Scatter(
            x=_steps(read),
            y=values.astype(np.float32),
            mode="lines+markers" if values.size == 1 else "lines",
            line={"color": PALETTE[scheme][0], "width": 2},
            hovertemplate=f"{plain(name)} at step %{{x}}: <b>%{{y:.4~g}}</b><extra></extra>",
        )
        figure.add_trace(line, row, 1)
        figure.update_yaxes(title_text=plain(name[:18]), nticks=4, row=row)
    figure.update_xaxes(title_text="step", row=count)
    return figure.update_layout(template=template(scheme), height=PANEL * count + 90, showlegend=False)


def _map(read: Read, scheme: Scheme) -> go.Figure:
    top = float(max(np.abs(read.scaled).max(initial=0.0), 1e-9))
    names = [plain(name) for name in read.channels]
    figure = go.Figure(
        go.Heatmap(
            z=read.scaled,
            x=_steps(read),
            y=list(range(len(names))),
            customdata=read.values.astype(np.float32),
            text=[[name] * read.scaled.shape[1] for name in names],
            hovertemplate="%{text} at step %{x}: <b>%{customdata:.4~g}</b><extra></extra>",
            zmin=-top,
            zmax=top,
            colorscale=[*reversed(RAMPS["influence", scheme]), *RAMPS["attention", scheme]],
            colorbar={"thickness": 8, "outlinewidth": 0, "ypad": 0, "nticks": 5},
        )
    )
    every = -(-len(names) // 16)
    ticks = {
        "tickvals": list(range(0, len(names), every)),
        "ticktext": [name[:14] for name in names[::every]],
    }
    figure.update_xaxes(title_text="step", showgrid=False)
    figure.update_yaxes(title_text="channel", showgrid=False, autorange="reversed", **ticks)
    return figure.update_layout(template=template(scheme), height=min(14 * len(names), MAP) + 100)


def _steps(read: Read) -> list[int]:
    return list(range(read.first + 1, read.first + read.scaled.shape[1] + 1))

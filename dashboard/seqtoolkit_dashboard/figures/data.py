"""What training data look like: how long, how far, how often, and a few sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqtoolkit.data_record import Bins, Shown
from seqtoolkit_dashboard.theme import PALETTE, Scheme, faded, plain, template, visible

HEIGHT, LINE = 260, 130  # pixels: a histogram, a channel of the sequences
TICKS = 40  # names on an axis, at most: single characters,
WIDE_TICKS = 16  # and longer ones, which need more room


def histogram(bins: Bins, axis: str, unit: str, scheme: Scheme) -> go.Figure:
    """Draw how many `unit` there are in each bin (at least one)."""
    edges = list(zip(bins.low, bins.high, strict=True))
    bars = go.Bar(
        x=[(low + high) / 2 for low, high in edges],
        y=bins.count,
        width=[high - low + 0.9 for low, high in edges],
        customdata=[f"{low:,}" if low == high else f"{low:,} to {high:,}" for low, high in edges],
        marker={"color": faded(PALETTE[scheme][0], 0.75), "line": {"width": 0}},
        hovertemplate=f"{axis} %{{customdata}}: %{{y:,}} {unit}<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_xaxes(title_text=axis, range=[bins.low[0] - 1, bins.high[-1] + 1])
    return _finished(figure.update_yaxes(title_text=unit, rangemode="tozero"), scheme)


def balance(counts: Mapping[str, float], axis: str, unit: str, scheme: Scheme) -> go.Figure:
    """Draw a bar for each name (at least one); of counts (not of shares) it says which part of all they are too."""
    total, whole = sum(counts.values()) or 1.0, all(isinstance(value, int) for value in counts.values())
    places = list(range(len(counts)))
    says = f"%{{y:,}} {unit} (%{{customdata[1]:.1%}})" if whole else f"%{{y:.4~g}} {unit}"
    bars = go.Bar(
        x=places,
        y=list(counts.values()),
        customdata=[[plain(visible(name)), value / total] for name, value in counts.items()],
        marker={"color": faded(PALETTE[scheme][0], 0.75), "line": {"width": 0}},
        hovertemplate=f"%{{customdata[0]}}: {says}<extra></extra>",
    )
    figure = go.Figure(bars).update_yaxes(title_text=unit, rangemode="tozero")
    every = -(-len(counts) // (TICKS if all(len(name) == 1 for name in counts) else WIDE_TICKS))
    names = [plain(visible(name[:14])) for name in counts]
    figure.update_xaxes(title_text=axis, tickvals=places[::every], ticktext=names[::every], showgrid=False)
    return _finished(figure, scheme)


def sequences(shown: Sequence[Shown], scheme: Scheme) -> go.Figure:
    """Draw the beginnings of sequences (at least one): a panel for each channel, a line for each sequence."""
    channels = list(dict.fromkeys(name for one in shown for name in one.values))
    figure = make_subplots(
        rows=len(channels), shared_xaxes=True, vertical_spacing=0.25 / max(4, len(channels))
    )
    for number, one in enumerate(shown):
        colour = PALETTE[scheme][number % len(PALETTE[scheme])]
        for row, channel in enumerate(channels, 1):
            figure.add_trace(_line(number, one, channel, colour, named=row == 1), row=row, col=1)
    for row, channel in enumerate(channels, 1):
        figure.update_yaxes(title_text=plain(channel[:18]), row=row, nticks=4)
    figure.update_xaxes(title_text="step", row=len(channels))
    return _finished(figure, scheme, LINE * len(channels) + 110)


def _line(number: int, one: Shown, channel: str, colour: str, named: bool) -> go.Scatter:
    answers = [name for name in one.asked if name not in ("", "?")]
    name = f"sequence {number + 1}" + (f": {plain(answers[-1])}" if answers else "")
    values = one.values.get(channel, [])
    return go.Scatter(
        x=list(range(len(values))),
        y=values,
        name=name,
        legendgroup=str(number),
        showlegend=named,
        mode="lines",
        line={"color": colour, "width": 1.5},
        hovertemplate=f"{name}<br>{plain(channel)} at step %{{x}}: %{{y:.4~g}}<extra></extra>",
    )


def _finished(figure: go.Figure, scheme: Scheme, height: int = HEIGHT) -> go.Figure:
    return figure.update_layout(template=template(scheme), height=height, bargap=0.1, uirevision=scheme)

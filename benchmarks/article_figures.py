"""The figures of the article's study, in the dashboard's colours, and the same numbers as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import plotly.graph_objects as go
from plotly.subplots import make_subplots
from seqtoolkit_dashboard.theme import DASHES, MUTED, PALETTE, Scheme, faded, plain, slots, template

PANEL, GAP = 300, 64  # pixels
SHARES = ("accuracy", "share kept")  # units that are drawn from 0 to 1, so that panels can be compared
Kind = Literal["linear", "log"]


@dataclass(frozen=True)
class Series:
    """A curve of one model with its 95 % interval and its null."""

    panel: str
    arch: str  # decides the colour
    name: str
    seed: int  # decides the dash
    xs: Sequence[float]
    estimate: Sequence[float]
    lower: Sequence[float]
    upper: Sequence[float]
    n: Sequence[int]
    null: Sequence[float] = ()


@dataclass(frozen=True)
class Chart:
    """Panels of curves over one kind of axis."""

    title: str
    x: str
    y: str
    series: Sequence[Series]
    caption: str  # its null, interval, seeds and n
    x_kind: Kind = "log"
    y_kind: Kind = "linear"
    head: tuple[str, ...] = field(default=("estimate", "lower", "upper", "null"))

    @property
    def panels(self) -> list[str]:
        """Name the panels in the order in which they come."""
        return list(dict.fromkeys(one.panel for one in self.series))


def draw(chart: Chart, scheme: Scheme) -> go.Figure:
    """Draw one panel below the other; the seeds of an architecture share its colour and differ in their dashes."""
    panels = chart.panels
    height = (PANEL + GAP) * len(panels) + 40
    figure = make_subplots(
        rows=len(panels), vertical_spacing=GAP / height, subplot_titles=[plain(name) for name in panels]
    )
    places, named = slots(one.arch for one in chart.series), set[str]()
    for one in chart.series:
        row, colour = panels.index(one.panel) + 1, PALETTE[scheme][places[one.arch]]
        figure.add_traces([*_band(one, colour), _line(one, colour, one.name not in named)], rows=row, cols=1)
        named.add(one.name)
    for row, name in enumerate(panels, 1):
        figure.add_traces(_nulls(chart.series, name, MUTED[scheme]), rows=row, cols=1)
    whole: dict[str, object] = {"range": (0, 1.03)} if chart.y in SHARES else {}
    whole |= {"dtick": "D2"} if chart.y_kind == "log" else {}  # marks at 1, 2 and 5
    figure.update_yaxes(title_text=plain(chart.y), type=chart.y_kind, **whole)
    figure.update_xaxes(title_text=plain(chart.x), **_axis(chart))
    figure.update_annotations(x=0, xanchor="left", font_size=14)
    figure.update_layout(template=template(scheme), height=height, hovermode="closest")
    return figure.update_layout(legend_y=1 + 28 / height)


def rows(chart: Chart) -> list[tuple[str, ...]]:
    """Return the numbers of a chart as the rows of a table, its head first."""
    found = [("panel", "model", chart.x, *chart.head, "n")]
    for one in chart.series:
        null = one.null or [float("nan")] * len(one.xs)
        columns = (one.xs, one.estimate, one.lower, one.upper, null, one.n)
        for x, *values, n in zip(*columns, strict=True):
            shown = ("-" if value != value else f"{value:.4g}" for value in values)
            found.append((one.panel, one.name, f"{x:g}", *shown, f"{n:,}"))
    return found


def _axis(chart: Chart) -> dict[str, object]:
    """Mark powers of two on a logarithmic axis."""
    if chart.x_kind == "linear":
        return {"type": "linear"}
    longest = max((int(max(one.xs)) for one in chart.series if one.xs), default=1)
    powers = [2**power for power in range(longest.bit_length() + 1)]
    return {"type": "log", "tickvals": powers, "ticktext": [str(power) for power in powers]}


def _line(one: Series, colour: str, first: bool) -> go.Scatter:
    return go.Scatter(
        x=list(one.xs),
        y=list(one.estimate),
        customdata=list(zip(one.lower, one.upper, one.n, strict=True)),
        name=plain(one.name),
        legendgroup=one.name,
        showlegend=first,
        mode="lines+markers",
        line={"color": colour, "dash": DASHES[one.seed % len(DASHES)], "width": 2},
        marker={"size": 5},
        hovertemplate=f"{plain(one.name)}<br>%{{x}}: <b>%{{y:.4g}}</b> "
        "[%{customdata[0]:.4g}, %{customdata[1]:.4g}], n = %{customdata[2]:,}<extra></extra>",
    )


def _band(one: Series, colour: str) -> list[go.Scatter]:
    """Return the interval as two invisible lines with the space between them filled."""
    same = {
        "x": list(one.xs),
        "mode": "lines",
        "line": {"width": 0},
        "legendgroup": one.name,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    fill = {"fill": "tonexty", "fillcolor": faded(colour, 0.12)}
    return [go.Scatter(y=list(one.lower), **same), go.Scatter(y=list(one.upper), **fill, **same)]


def _nulls(series: Iterable[Series], panel: str, colour: str) -> list[go.Scatter]:
    """Draw what knowing nothing reaches, once for all curves of a panel that agree on it."""
    nulls = {(tuple(one.xs), tuple(one.null)) for one in series if one.panel == panel and one.null}
    return [
        go.Scatter(
            x=list(xs),
            y=list(null),
            name="null",
            legendgroup="null",
            showlegend=False,
            mode="lines",
            line={"color": colour, "dash": "dot", "width": 1},
            hovertemplate="null %{y:.4g}<extra></extra>",
        )
        for xs, null in sorted(nulls)
    ]

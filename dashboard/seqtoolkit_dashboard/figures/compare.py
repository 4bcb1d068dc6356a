"""What architectures reach against what they cost, and how much context the data need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import plotly.graph_objects as go

from seqtoolkit.compare.words import interval
from seqtoolkit.retention.record import Record
from seqtoolkit_dashboard.figures.memory import Panel, retention
from seqtoolkit_dashboard.figures.memory_traces import Curve
from seqtoolkit_dashboard.theme import LineStyle, Scheme, faded, plain, template

HEIGHT, CONTEXT = 320, 300  # pixels
WIDE = 20  # times as much: from there on an axis is logarithmic


@dataclass(frozen=True)
class Value:
    """A number with its interval, where it has one; what is `censored` is at least so large."""

    estimate: float
    lower: float | None = None
    upper: float | None = None
    censored: bool = False
    upper_censored: bool = False

    def __str__(self) -> str:
        return f"{'at least ' if self.censored else ''}{interval(asdict(self))}"


@dataclass(frozen=True)
class Point:
    """An architecture: what it costs, what it reaches, and what each seed reached at which cost."""

    arch: str
    cost: Value
    quality: Value
    seeds: Sequence[tuple[float, float]]
    colour: str


def against(points: Sequence[Point], cost: str, quality: str, scheme: Scheme) -> go.Figure:
    """Draw the quality of architectures (at least one) against a cost, with intervals; seeds stand faint behind."""
    figure = go.Figure()
    for point in points:
        xs, ys = ([pair[i] for pair in point.seeds] for i in (0, 1))
        figure.add_scatter(
            x=xs,
            y=ys,
            mode="markers",
            legendgroup=point.arch,
            showlegend=False,
            marker={"color": faded(point.colour, 0.35), "size": 7},
            hovertemplate=f"{plain(point.arch)}, one seed: %{{y:.4g}}<extra></extra>",
        )
        figure.add_trace(_middle(point))
    figure.update_xaxes(title_text=cost, **_scale(points))
    figure.update_yaxes(title_text=plain(quality))
    same = f"{scheme} {cost} {[point.arch for point in points]}"
    return figure.update_layout(template=template(scheme), height=HEIGHT, uirevision=same)


def context(curves: Sequence[tuple[str, Record, str]], scheme: Scheme) -> go.Figure:
    """Draw the loss against the context that is read: (architecture, its curve of `truncation`, colour)."""
    drawn = [Curve(arch, record, LineStyle(colour, "solid")) for arch, record, colour in curves]
    figure = retention([Panel(drawn[0].record.unit, drawn)], "log", scheme, CONTEXT)
    figure.update_yaxes(title_text="enough", row=2)
    value = "<b>%{y:.4~g}</b> [%{customdata[0]:.4~g}, %{customdata[1]:.4~g}]"
    says = f"%{{fullData.name}}<br>context %{{x}}: {value}<extra></extra>"
    return figure.update_traces(hovertemplate=says, selector={"mode": "lines+markers"})


def _scale(points: Sequence[Point]) -> dict[str, object]:
    """Return an axis from 0 on, with room for a point that stands there, or a logarithmic one."""
    costs = [point.cost.estimate for point in points]
    if min(costs) > 0 and max(costs) / min(costs) > WIDE:
        return {"type": "log", "dtick": 1}
    ends = [*costs, *(point.cost.upper or 0 for point in points), *(x for p in points for x, _ in p.seeds)]
    top = max(ends) or 1
    return {"type": "linear", "range": [-0.03 * top, 1.06 * top]}


def _middle(point: Point) -> go.Scatter:
    return go.Scatter(
        x=[point.cost.estimate],
        y=[point.quality.estimate],
        error_x=_bar(point.cost),
        error_y=_bar(point.quality),
        name=plain(point.arch),
        legendgroup=point.arch,
        mode="markers",
        marker={
            "color": point.colour,
            "size": 12,
            "symbol": "triangle-right" if point.cost.censored else "circle",
        },
        hovertemplate=f"{plain(point.arch)}<br>%{{xaxis.title.text}}: {point.cost}<br>{point.quality}<extra></extra>",
    )


def _bar(value: Value) -> dict[str, object] | None:
    if value.lower is None or value.upper is None:
        return None
    above, below = max(0.0, value.upper - value.estimate), max(0.0, value.estimate - value.lower)
    return {"array": [above], "arrayminus": [below], "thickness": 2, "width": 5}

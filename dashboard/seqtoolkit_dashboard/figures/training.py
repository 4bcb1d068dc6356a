"""Metric curves of several runs: one panel for each metric, all on the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqtoolkit_dashboard.figures.curve import decimate, smooth
from seqtoolkit_dashboard.theme import LineStyle, Scheme, faded, plain, template
from seqtoolkit_dashboard.view import Scale

PANEL = 300  # pixels
MEANING = {
    "loss": "loss (nats per symbol)",
    "per": "phoneme error rate",
    "wer": "word error rate",
    "token_accuracy": "token accuracy",
    "recall_accuracy": "recall accuracy",
    "steps_per_second": "steps per second",
    "lr": "learning rate",
}


@dataclass(frozen=True)
class Curve:
    """One metric of one run over its training steps."""

    run: str
    metric: str
    steps: list[float]
    values: list[float]
    style: LineStyle


def training(
    curves: Sequence[Curve], metrics: Sequence[str], scale: Scale, smoothing: float, scheme: Scheme
) -> go.Figure:
    """Draw one panel for each metric; smoothed curves stand over their faint originals."""
    height = PANEL * len(metrics) + 60
    figure = make_subplots(
        rows=len(metrics),
        shared_xaxes=True,
        vertical_spacing=36 / height,
        subplot_titles=[plain(metric) for metric in metrics],
    )
    named: set[str] = set()
    for curve in curves:
        row = metrics.index(curve.metric) + 1
        for trace in _traces(curve, smoothing, first=curve.run not in named):
            figure.add_trace(trace, row, 1)
        named.add(curve.run)
    for row, metric in enumerate(metrics, 1):
        figure.update_yaxes(title_text=plain(describe(metric)), type=scale, row=row)
    figure.update_xaxes(title_text="training step", row=len(metrics))
    figure.update_annotations(x=0, xanchor="left", font_size=14)
    figure.update_layout(template=template(scheme), height=height, uirevision=f"{metrics} {scale} {scheme}")
    return figure.update_layout(legend_y=1 + 26 / height)


def describe(metric: str) -> str:
    """Say what a metric measures, with its unit where it has one."""
    name = metric.rpartition("/")[2]
    return MEANING.get(name, name.replace("_", " "))


def _traces(curve: Curve, smoothing: float, first: bool) -> list[go.Scatter]:
    """Return the line of a curve, with its original behind it where it is smoothed."""
    lines = [_line(curve, curve.values, 0.25 if smoothing else 1.0)]
    if smoothing:
        lines.append(_line(curve, smooth(curve.values, smoothing), 1.0))
    says = f"{plain(curve.run)}: %{{y:.4g}}<br>step %{{x:,}}<extra></extra>"
    lines[-1].update(showlegend=first, hovertemplate=says)
    return lines


def _line(curve: Curve, values: list[float], opacity: float) -> go.Scatter:
    xs, ys = decimate(curve.steps, values)
    return go.Scatter(
        x=xs,
        y=ys,
        name=plain(curve.run),
        legendgroup=curve.run,
        showlegend=False,
        mode="lines+markers" if len(xs) <= 40 else "lines",
        line={"color": faded(curve.style.colour, opacity), "dash": curve.style.dash, "width": 2},
        marker={"size": 5},
        hoverinfo="skip" if opacity < 1 else None,
    )

"""Measures of several runs beside what needs no model, and their errors step by step ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from seqtoolkit.quality import Quality
from seqtoolkit_dashboard.theme import DASHES, MUTED, LineStyle, Scheme, plain, template

ROW = 34  # pixels for each run
_STEP_HEIGHT = 300


@dataclass(frozen=True)
class Judged:
    """One measure of one run: a record for each baseline that it stands beside (at least one)."""

    run: str
    records: Sequence[Quality]
    style: LineStyle


def measure(judged: Sequence[Judged], scheme: Scheme) -> go.Figure:
    """Draw the measure of each run (at least one) with its 95 % interval, and the baselines as dotted lines."""
    figure, top = go.Figure(), len(judged) - 1
    for name, values in _baselines(judged).items():
        dash = DASHES[2 + list(_baselines(judged)).index(name) % 4]
        for value in sorted(values):
            figure.add_trace(_baseline(name, value, top, dash, scheme, value == min(values)))
    for place, one in enumerate(judged):
        figure.add_trace(_point(one, top - place))
    first = judged[0].records[0]
    better = "higher is better" if first.higher_is_better else "lower is better"
    figure.update_xaxes(title_text=plain(f"{first.unit} ({better})"), range=_range(judged))
    figure.update_yaxes(
        tickvals=list(range(top + 1)),
        ticktext=[plain(one.run) for one in reversed(judged)],
        range=[-0.6, top + 0.6],
        fixedrange=True,
        showgrid=False,
    )
    same = f"{scheme} {[one.run for one in judged]} {first.measure}"
    return figure.update_layout(template=template(scheme), height=ROW * (top + 1) + 110, uirevision=same)


def by_step(
    curves: Sequence[tuple[str, str, Sequence[float], LineStyle]], unit: str, scheme: Scheme
) -> go.Figure:
    """Draw errors over the steps ahead: (run, name, values, style) of models and, named otherwise, of baselines."""
    figure, named = go.Figure(), set[str]()
    for run, name, values, style in curves:
        ours = name == "model"
        label = run if ours else name
        figure.add_scatter(
            x=list(range(1, len(values) + 1)),
            y=list(values),
            name=plain(label),
            legendgroup=label,
            showlegend=label not in named,
            mode="lines+markers" if ours else "lines",
            line={"color": style.colour, "dash": style.dash, "width": 2.5 if ours else 1.5},
            hovertemplate=f"{plain(label)}<br>%{{x}} steps ahead: %{{y:.4~g}}<extra></extra>",
        )
        named.add(label)
    figure.update_xaxes(title_text="steps ahead")
    figure.update_yaxes(title_text=plain(unit), rangemode="tozero")
    same = f"{scheme} {[curve[:2] for curve in curves]}"
    return figure.update_layout(template=template(scheme), height=_STEP_HEIGHT, uirevision=same)


def _baselines(judged: Sequence[Judged]) -> dict[str, set[float]]:
    """Return the values of each baseline: of one split they are the same for all runs."""
    found: dict[str, set[float]] = {}
    for record in (record for one in judged for record in one.records):
        if record.baseline and record.baseline_estimate is not None:
            found.setdefault(record.baseline, set()).add(record.baseline_estimate)
    return found


def _range(judged: Sequence[Judged]) -> list[float]:
    """Return limits that hold every interval and baseline, with some room."""
    records = [record for one in judged for record in one.records]
    values = [bound for record in records for bound in (record.lower, record.upper)]
    values += [value for found in _baselines(judged).values() for value in found]
    room = 0.06 * ((max(values) - min(values)) or abs(max(values)) or 1.0)
    return [min(values) - room, max(values) + room]


def _point(one: Judged, place: int) -> go.Scatter:
    record = one.records[0]
    says = f"<b>{record.estimate:.4g}</b> [{record.lower:.4g}, {record.upper:.4g}], n = {record.n:,}"
    skills = [
        f"<br>skill over {plain(r.baseline)}: {r.skill:.3g}" for r in one.records if r.skill is not None
    ]
    return go.Scatter(
        x=[record.estimate],
        y=[place],
        error_x={
            "array": [record.upper - record.estimate],
            "arrayminus": [record.estimate - record.lower],
            "thickness": 2.5,
            "width": 5,
        },
        mode="markers",
        showlegend=False,
        marker={"color": one.style.colour, "size": 10},
        hovertemplate=f"{plain(one.run)}<br>{says}{''.join(skills)}<extra></extra>",
    )


def _baseline(name: str, value: float, top: int, dash: str, scheme: Scheme, named: bool) -> go.Scatter:
    return go.Scatter(
        x=[value, value],
        y=[-0.6, top + 0.6],
        name=plain(name),
        legendgroup=name,
        showlegend=named,
        mode="lines",
        line={"color": MUTED[scheme], "dash": dash, "width": 1.5},
        hovertemplate=f"{plain(name)}: {value:.4g}<extra></extra>",
    )

"""How the memory of runs forms or vanishes while they are trained: horizons against the step, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, State, html
from dash.exceptions import PreventUpdate

from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.forming import Horizons, forming
from seqtoolkit_dashboard.figures.memory import PROTOCOLS
from seqtoolkit_dashboard.pages import parts, retained
from seqtoolkit_dashboard.pages.live import Seen
from seqtoolkit_dashboard.pages.picture import Picture, update
from seqtoolkit_dashboard.runs import RunIndex, Series
from seqtoolkit_dashboard.theme import LineStyle, Scheme, line_styles
from seqtoolkit_dashboard.view import View

PICTURE = Picture(
    ids.FORMING_GRAPH,
    ids.FORMING_FRAME,
    ids.FORMING_CAPTION,
    ids.FORMING_EMPTY,
    ids.FORMING_SEEN,
    ids.FORMING_CHANGED,
)
_PREFIX = "retention/"
_COLUMNS = ("", "_lower", "_upper")  # of a horizon; _censored is 1 where it lies beyond the longest lag
_CAPTION = (
    "Measured at validations. Shaded: 95 % interval. Triangle: at least so far, the longest lag measured."
)
_HOW = (
    "seqtoolkit fit --config configs/recall.yaml --model.arch lstm --retention.protocols gradient,influence"
)


def layout() -> Any:
    """Return the place of the picture."""
    return html.Div(parts.card("While it was trained", PICTURE.layout()), className="measure")


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the files change."""
    PICTURE.watch(app, lambda view: index.version(_chosen(index, view)))

    @app.callback(
        PICTURE.outputs(),
        inputs=[Input(ids.URL, "search"), Input(ids.SCHEME, "data"), Input(PICTURE.changed, "data")],
        state=[State(PICTURE.seen, "data")],
    )
    def draw(search: str | None, scheme: Scheme | None, _: str | None, seen: Seen) -> Any:
        view = View.parse(search)
        if scheme is None:
            raise PreventUpdate
        runs = _chosen(index, view)
        version = index.version(runs)  # before reading, so that no change is missed
        series = {run.id: index.series(run) for run in runs}
        return update(*picture(index.runs(), runs, series, view, scheme), version, seen)


def picture(
    everyone: Sequence[Run], runs: Sequence[Run], series: dict[str, Series], view: View, scheme: Scheme
) -> tuple[go.Figure | None, Any]:
    """Return the horizons of the runs and a caption, or how to record some."""
    styles = line_styles(everyone, runs, scheme)
    chosen = retained.protocols(view.protocol) or list(PROTOCOLS)
    curves = [
        one
        for run in runs
        for one in horizons(run.id, series[run.id], styles[run.id])
        if one.protocol in chosen
    ]
    if not curves:
        why = (
            "No selected run has recorded its horizons while it was trained. Record them, at validations, by:"
        )
        return None, html.P([why, " ", html.Code(_HOW)])
    costs = [f"{run.id}: {cost}" for run in runs if (cost := _cost(series[run.id]))]
    cost = f" Its cost: {'; '.join(costs)}." if costs else ""
    return forming(curves, view.lag, scheme), _CAPTION + cost


def horizons(run: str, series: Series, style: LineStyle) -> Iterator[Horizons]:
    """Read the horizons that a run has logged, of each protocol, at the steps at which they have an interval."""
    for protocol in PROTOCOLS:
        columns = [_at(series, f"{_PREFIX}{protocol}_horizon{end}") for end in _COLUMNS]
        steps = sorted(set.intersection(*map(set, columns)))
        if not steps:
            continue
        beyond = _at(series, f"{_PREFIX}{protocol}_horizon_censored")
        estimate, lower, upper = ([column[step] for step in steps] for column in columns)
        censored = [beyond.get(step, 0.0) > 0 for step in steps]
        yield Horizons(run, protocol, steps, estimate, lower, upper, censored, style)


def _at(series: Series, name: str) -> dict[float, float]:
    return dict(zip(*series.get(name, ([], [])), strict=True))


def _cost(series: Series) -> str:
    """Say what recording has cost so far, where that is logged."""
    seconds, share = (series.get(_PREFIX + name, ([], []))[1][-1:] for name in ("seconds", "share"))
    return f"{seconds[0]:,.1f} s, {share[0]:.1%} of the training" if seconds and share else ""


def _chosen(index: RunIndex, view: View) -> list[Run]:
    """Return the runs of the view; without a choice, some that have recorded their horizons."""
    return index.select(view.run, lambda run: any(name.startswith(_PREFIX) for name in run.metrics)).runs

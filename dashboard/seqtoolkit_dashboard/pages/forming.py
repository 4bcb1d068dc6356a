"""How the memory of runs forms or vanishes while they are trained: horizons against the step, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, html
from dash.exceptions import PreventUpdate

from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.forming import Horizons, forming
from seqtoolkit_dashboard.figures.memory import PROTOCOLS
from seqtoolkit_dashboard.pages import cells, parts, retained, saving
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
COLUMNS = (
    "run", "architecture", "protocol", "step", "horizon", "lower", "upper", "censored", "seconds", "share_of_training",
)  # fmt: skip
_PREFIX = "retention/"
_COLUMNS = ("", "_lower", "_upper")  # of a horizon; _censored is 1 where it lies beyond the longest lag
_CAPTION = (
    "Measured at validations. Shaded: 95 % interval of the horizon of each measurement, which is one draw of inputs."
    " Triangle: at least so far, the longest lag measured."
)
_NONE = "No selected run has recorded its horizons while it was trained. Record them, at validations, by:"
_OTHERS = (
    "While they were trained, the selected runs have recorded {}, and none of the protocols that are chosen above."
    " Choose others, or record more in another training by:"
)
_HOW = (
    "seqtoolkit fit --config configs/recall.yaml --model.arch lstm --retention.protocols gradient,influence"
)


def layout() -> Any:
    """Return the place of the picture."""
    save = saving.button("Download these horizons (CSV)", ids.FORMING_CSV, ids.FORMING_DOWNLOAD)
    body = [PICTURE.layout(), html.Div(save, className="below")]
    return html.Div(parts.card("While it was trained", *body), className="measure")


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the files change."""
    PICTURE.watch(app, lambda view: index.version(_chosen(index, view)))

    saving.serve(app, ids.FORMING_CSV, ids.FORMING_DOWNLOAD, "forming.csv", lambda view: _file(index, view))

    @app.callback(
        output={"picture": PICTURE.outputs(), "no_numbers": Output(ids.FORMING_CSV, "disabled")},
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
        figure, words = picture(index.runs(), runs, series, view, scheme)
        return {"picture": update(figure, words, version, seen), "no_numbers": figure is None}


def picture(
    everyone: Sequence[Run], runs: Sequence[Run], series: dict[str, Series], view: View, scheme: Scheme
) -> tuple[go.Figure | None, Any]:
    """Return the horizons of the runs and a caption, or how to record some."""
    curves = _drawn(everyone, runs, series, view, scheme)
    if not curves:
        hidden = _drawn(everyone, runs, series, replace(view, protocol=()), scheme)
        others = ", ".join(retained.protocols([one.protocol for one in hidden]))
        why = _OTHERS.format(others) if others else _NONE
        return None, html.P([why, " ", html.Code(_HOW)])
    costs = [f"{run.id}: {cost}" for run in runs if (cost := _cost(series[run.id]))]
    cost = f" Its cost: {'; '.join(costs)}." if costs else ""
    return forming(curves, view.lag, scheme), _CAPTION + cost


def numbers(runs: Sequence[Run], series: dict[str, Series], view: View) -> str | None:
    """Return the horizons that are drawn as CSV, a line for each step, with their cost; None where there are none."""
    labels = {run.id: run.label for run in runs}
    rows = [
        [one.run, labels[one.run], one.protocol, *values, *_spent(series[one.run], values[0])]
        for one in _drawn(runs, runs, series, view, "light")
        for values in zip(one.steps, one.estimate, one.lower, one.upper, map(int, one.censored), strict=True)
    ]
    return cells.written(COLUMNS, rows) if rows else None


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


def _drawn(
    everyone: Sequence[Run], runs: Sequence[Run], series: dict[str, Series], view: View, scheme: Scheme
) -> list[Horizons]:
    """Return the horizons of the runs, of the protocols of the view."""
    styles = line_styles(everyone, runs, scheme)
    chosen = retained.protocols(view.protocol) or list(PROTOCOLS)
    found = (one for run in runs for one in horizons(run.id, series[run.id], styles[run.id]))
    return [one for one in found if one.protocol in chosen]


def _file(index: RunIndex, view: View) -> str | None:
    runs = _chosen(index, view)
    return numbers(runs, {run.id: index.series(run) for run in runs}, view)


def _spent(series: Series, step: float) -> list[float | str]:
    """Return what recording had cost up to a step, in seconds and as a share of the training."""
    return [_at(series, _PREFIX + name).get(step, "") for name in ("seconds", "share")]


def _at(series: Series, name: str) -> dict[float, float]:
    return dict(zip(*series.get(name, ([], [])), strict=True))


def _cost(series: Series) -> str:
    """Say what recording has cost so far, where that is logged."""
    seconds, share = (series.get(_PREFIX + name, ([], []))[1][-1:] for name in ("seconds", "share"))
    return f"{seconds[0]:,.1f} s, {share[0]:.1%} of the training" if seconds and share else ""


def _chosen(index: RunIndex, view: View) -> list[Run]:
    """Return the runs of the view; without a choice, some that have recorded their horizons."""
    return index.select(view.run, lambda run: any(name.startswith(_PREFIX) for name in run.metrics)).runs

"""Training: metric curves of the selected runs, live while they train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, html, no_update
from dash.exceptions import PreventUpdate

from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.training import Curve, training
from seqtoolkit_dashboard.mantine import MultiSelect, Slider
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.live import Seen
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.pages.picture import Picture, update
from seqtoolkit_dashboard.runs import RunIndex, Selection, Series
from seqtoolkit_dashboard.theme import Scheme, line_styles
from seqtoolkit_dashboard.view import View

MAX_PANELS = 8
PICTURE = Picture(
    ids.TRAINING_GRAPH,
    ids.TRAINING_FRAME,
    ids.TRAINING_CAPTION,
    ids.TRAINING_EMPTY,
    ids.TRAINING_SEEN,
    ids.TRAINING_CHANGED,
)
LEAD = "How fast and how far each run learned, at the same training steps."


def layout(index: RunIndex, view: View) -> Any:
    """Return the controls and the place of the picture."""
    names = _metric_names([index.series(run) for run in index.select(view.run).runs])
    metrics = MultiSelect(
        id=ids.TRAINING_METRICS,
        label="Metrics",
        data=sorted({*names, *view.metric}),
        value=list(view.metric),
        placeholder="" if view.metric else "The losses",
        searchable=True,
        clearable=True,
        maxValues=MAX_PANELS,
    )
    controls = [
        parts.run_choice(ids.TRAINING_RUNS, index, view),
        html.Div(metrics, className="wide"),
        parts.scale_choice(ids.TRAINING_SCALE, "Vertical axis", view.y),
        html.Div([html.Span("Smoothing", className="label"), _smoothing(view)], className="choice smoothing"),
    ]
    return parts.page(
        "Training",
        LEAD,
        controls,
        html.Div(id=ids.TRAINING_NOTES),
        PICTURE.layout(),
    )


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the files change."""
    bind(
        app,
        {
            "run": Control(ids.TRAINING_RUNS, show=list),
            "metric": Control(ids.TRAINING_METRICS, show=list),
            "y": Control(ids.TRAINING_SCALE),
            "smooth": Control(ids.TRAINING_SMOOTHING),
        },
    )

    PICTURE.watch(app, lambda view: index.version(index.select(view.run).runs))

    @app.callback(
        output={
            "picture": PICTURE.outputs(),
            "notes": Output(ids.TRAINING_NOTES, "children"),
            "metrics": Output(ids.TRAINING_METRICS, "data"),
        },
        inputs=[Input(ids.URL, "search"), Input(ids.SCHEME, "data"), Input(PICTURE.changed, "data")],
        state=[State(PICTURE.seen, "data")],
    )
    def draw(search: str | None, scheme: Scheme | None, _: str | None, seen: Seen) -> Any:
        view = View.parse(search)
        chosen = index.select(view.run)
        if scheme is None:
            raise PreventUpdate
        version = index.version(chosen.runs)  # before reading, so that no change is missed
        series = {run.id: index.series(run) for run in chosen.runs}
        names = _metric_names(list(series.values()))
        return {
            "picture": update(*picture(index.runs(), chosen, series, view, scheme), version, seen),
            "notes": parts.notes([*parts.unknown_runs(chosen.unknown), *_unmeasured(view, names)]),
            "metrics": sorted({*names, *view.metric}) or no_update,
        }


def picture(
    everyone: Sequence[Run], chosen: Selection, series: dict[str, Series], view: View, scheme: Scheme
) -> tuple[go.Figure | None, Any]:
    """Return the curves of the chosen runs and a caption, or why there are none."""
    shown = _shown(view, _metric_names(list(series.values())))
    if not chosen.runs:
        return None, parts.empty(
            "No runs to draw", "Select runs above, or train a first one: seqtoolkit fit --help"
        )
    if not shown:
        return None, parts.empty(
            "Nothing logged yet", "The selected runs have no metrics yet; this page updates itself."
        )
    styles = line_styles(everyone, chosen.runs, scheme)
    curves = [
        Curve(run.id, metric, *series[run.id][metric], styles[run.id])
        for metric in shown
        for run in chosen.runs
        if metric in series[run.id]
    ]
    figure = training(curves, shown, view.y, view.smooth, scheme)
    caption = f"{', '.join(shown)} of {', '.join(series)}. Long curves are thinned; every peak stays."
    return figure, caption


def _smoothing(view: View) -> Any:
    return Slider(
        id=ids.TRAINING_SMOOTHING,
        value=view.smooth,
        min=0,
        max=0.99,
        step=0.01,
        thumbLabel="Smoothing: weight of the past in a moving average",
        w=160,
    )


def _metric_names(series: Sequence[Series]) -> list[str]:
    return sorted({name for one in series for name in one})


def _shown(view: View, names: Sequence[str]) -> list[str]:
    """Return the metrics of the view that exist; the losses when it names none, else whatever there is."""
    if view.metric:
        return [name for name in view.metric if name in names][:MAX_PANELS]
    losses = [name for name in names if name.endswith("/loss") and not name.startswith("test/")]
    return losses or list(names[:2])


def _unmeasured(view: View, names: Sequence[str]) -> list[str]:
    return [f"No selected run has logged {name!r}." for name in view.metric if name not in names]


PAGE = Page("/training", "Training", LEAD, layout, register)

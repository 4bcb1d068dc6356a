"""Memory: how far back the selected runs remember, on one axis, with bands, chance and horizons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, html
from dash.exceptions import PreventUpdate

from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.memory import PROTOCOLS, Curve, retention
from seqtoolkit_dashboard.mantine import Table, TableScrollContainer
from seqtoolkit_dashboard.pages import measured, parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.pages.picture import Picture, Seen, update
from seqtoolkit_dashboard.runs import RunIndex, Selection
from seqtoolkit_dashboard.theme import Scheme, line_styles
from seqtoolkit_dashboard.view import View

PROTOCOL = "recall"
PICTURE = Picture(
    ids.MEMORY_GRAPH,
    ids.MEMORY_FRAME,
    ids.MEMORY_CAPTION,
    ids.MEMORY_EMPTY,
    ids.MEMORY_SEEN,
    ids.MEMORY_CHANGED,
)
HEAD = (
    "Run",
    "Architecture",
    "Seed",
    "Horizon (steps)",
    "95 % interval",
    "Beyond the longest lag?",
    "n for each lag",
)
_CAPTION = (
    "Shaded: 95 % interval. Dotted: what a model without memory reaches. "
    "Below: the horizon, the largest lag up to which accuracy stays above half-way from chance to 1, "
    "with its 95 % interval."
)
LEAD = PROTOCOLS[PROTOCOL].question


def layout(index: RunIndex, view: View) -> Any:
    """Return the controls and the places of picture and table."""
    controls = [
        parts.run_choice(ids.MEMORY_RUNS, index, view),
        measured.checkpoint_choice(ids.MEMORY_CHECKPOINT, index, view, index.retention),
        parts.scale_choice(ids.MEMORY_SCALE, "Lag axis", view.lag),
    ]
    return html.Div(
        [
            parts.heading("Memory", LEAD),
            html.Div(controls, className="controls"),
            html.Div(id=ids.MEMORY_NOTES),
            PICTURE.layout(),
            html.Div(id=ids.MEMORY_TABLE),
        ]
    )


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the files change."""
    bind(
        app,
        {
            "run": Control(ids.MEMORY_RUNS, show=list),
            "probe": measured.checkpoint_control(ids.MEMORY_CHECKPOINT),
            "lag": Control(ids.MEMORY_SCALE),
        },
    )

    PICTURE.watch(app, lambda view: index.version(_chosen(index, view).runs))

    @app.callback(
        output={
            "picture": PICTURE.outputs(),
            "table": Output(ids.MEMORY_TABLE, "children"),
            "notes": Output(ids.MEMORY_NOTES, "children"),
        },
        inputs=[Input(ids.URL, "search"), Input(ids.SCHEME, "data"), Input(PICTURE.changed, "data")],
        state=[State(PICTURE.seen, "data")],
    )
    def draw(search: str | None, scheme: Scheme | None, _: str | None, seen: Seen) -> Any:
        view = View.parse(search)
        chosen = _chosen(index, view)
        if scheme is None:
            raise PreventUpdate
        version = index.version(chosen.runs)  # before reading, so that no change is missed
        records, problems = measured.measured(
            index,
            chosen.runs,
            measured.stem(view),
            index.retention,
            f"{PROTOCOL} curve",
            lambda record: record.protocol == PROTOCOL and bool(record.lags),
        )
        curves = _curves(index.runs(), records, scheme)
        return {
            "picture": update(*picture(curves, view, scheme), version, seen),
            "table": table(records),
            "notes": parts.notes([*parts.unknown_runs(chosen.unknown), *problems]),
        }


def picture(curves: Sequence[Curve], view: View, scheme: Scheme) -> tuple[go.Figure | None, Any]:
    """Return the retention curves and a caption, or what to type to measure some."""
    if not curves:
        why = "The selected runs have no stored recall curves. Measure one:"
        return None, parts.empty("No retention measured", why, html.Code(measured.HOW_TO))
    return retention(curves, PROTOCOLS[PROTOCOL].axis, view.lag, scheme), _CAPTION


def table(records: Sequence[tuple[Run, Record]]) -> Any:
    """Return the horizons as a table, each with its interval, its censoring and the n behind it."""
    if not records:
        return None
    data = {"caption": "Horizons", "head": list(HEAD), "body": [_row(run, record) for run, record in records]}
    return html.Div(TableScrollContainer(Table(data=data), minWidth=700, type="native"), className="card")


def _row(run: Run, record: Record) -> list[str]:
    horizon, counts = record.horizon, sorted(set(record.n)) or [0]
    n = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    seed = "–" if record.seed is None else str(record.seed)
    if horizon is None:
        return [run.id, run.label, seed, "not stored", "–", "–", n]
    sign = "≥ " if horizon.censored else ""
    beyond = (
        f"yes: half-way to 1 or better at every lag, up to {record.lags[-1]}" if horizon.censored else "no"
    )
    interval = f"{horizon.lower} to {horizon.upper}" + (" or more" if horizon.upper_censored else "")
    return [run.id, run.label, seed, f"{sign}{horizon.estimate}", interval, beyond, n]


def _chosen(index: RunIndex, view: View) -> Selection:
    return measured.chosen(index, view, index.retention)


def _curves(everyone: Sequence[Run], records: Sequence[tuple[Run, Record]], scheme: Scheme) -> list[Curve]:
    runs = list({run.id: run for run, _ in records}.values())
    styles = line_styles(everyone, runs, scheme)
    several = len(records) > len(runs)
    return [
        Curve(f"{run.id}, seed {record.seed}" if several else run.id, record, styles[run.id])
        for run, record in records
    ]


PAGE = Page("/memory", "Memory", LEAD, layout, register)

"""Runs: every run of the folder in one table that can be sorted, filtered and searched; ticks select runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate
from dash_ag_grid import AgGrid

from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.mantine import TextInput
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.runs import RunIndex, note
from seqtoolkit_dashboard.theme import css_colour, slots
from seqtoolkit_dashboard.view import View

MAIN = (
    "loss",
    "per",
    "wer",
    "recall_accuracy",
    "token_accuracy",
    "steps_per_second",
)  # these metrics come first
MAX_METRICS = 12


def layout(index: RunIndex, view: View) -> Any:
    """Return the table, or how to make a first run."""
    runs = index.runs()
    search = TextInput(id=ids.RUNS_SEARCH, label="Search", value=view.q, debounce=300)
    return html.Div(
        [
            parts.heading("Runs", "Tick runs to see them on the other pages."),
            html.Div(
                [
                    html.Div(search, className="wide"),
                    html.P(_count(runs), id=ids.RUNS_COUNT, className="count", role="status"),
                ],
                className="controls",
            ),
            html.Div(_unknown(runs, view), id=ids.RUNS_NOTES),
            _grid(runs, view),
            dcc.Store(id=ids.RUNS_VERSION, data=index.version(runs)),
        ]
    )


def register(app: Dash, index: RunIndex) -> None:
    """Keep the table up to date while runs train, and the selection in the URL."""
    ticks = Control(
        ids.RUNS_GRID, "selectedRows", read=lambda ticked, held: _selected(index, ticked, held), show=_tick
    )
    bind(app, {"q": Control(ids.RUNS_SEARCH), "run": ticks})
    app.clientside_callback(
        ClientsideFunction("seqtoolkit", "search"),
        Output(ids.RUNS_GRID, "dashGridOptions"),
        Input(ids.RUNS_SEARCH, "value"),
        State(ids.RUNS_GRID, "dashGridOptions"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.RUNS_GRID, "rowData"),
        Output(ids.RUNS_GRID, "columnDefs"),
        Output(ids.RUNS_COUNT, "children"),
        Output(ids.RUNS_VERSION, "data"),
        Input(ids.TICK, "n_intervals"),
        State(ids.RUNS_VERSION, "data"),
        prevent_initial_call=True,
    )
    def refresh(_: int, seen: str) -> Any:
        runs = index.runs()
        version = index.version(runs)
        if version == seen:
            raise PreventUpdate
        return rows(runs), columns(runs), _count(runs), version

    @app.callback(Output(ids.RUNS_NOTES, "children"), Input(ids.URL, "search"), prevent_initial_call=True)
    def warn(search: str | None) -> Any:
        return _unknown(index.runs(), View.parse(search))


def rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the rows of the table, one for each run."""
    places = slots(run.arch for run in runs)
    return [
        {
            "id": run.id,
            "status": run.status,
            "arch": run.arch,
            "colour": css_colour(places[run.arch]),
            "task": run.task,
            "parameters": run.parameters,
            "step": run.step,
            "seed": run.seed,
            "created": datetime.fromtimestamp(run.created).isoformat(" ", "minutes") if run.created else "",
            "note": note(run),
            **run.metrics,
        }
        for run in runs
    ]


def columns(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the columns of the table: what every run has, then the metrics that some run has."""
    metrics = [_number(name, name, 128) for name in main_metrics(runs)]
    reason = {
        "field": "note",
        "headerName": "Note",
        "width": 300,
        "cellClass": "note",
        "wrapText": True,
        "autoHeight": True,
    }
    return [
        {"field": "id", "headerName": "Run", "minWidth": 190, "flex": 2, "tooltipField": "id"},
        {"field": "status", "headerName": "Status", "cellRenderer": "Status", "width": 130},
        {"field": "arch", "headerName": "Architecture", "cellRenderer": "Architecture", "width": 150},
        {"field": "task", "headerName": "Task", "width": 110},
        *([reason] if any(map(note, runs)) else []),
        _number("parameters", "Parameters", 130, ","),
        _number("step", "Step", 110, ","),
        *metrics,
        _number("seed", "Seed", 90, "d"),
        {"field": "created", "headerName": "Created", "width": 160},
    ]


def main_metrics(runs: Sequence[Run]) -> list[str]:
    """Name the metrics to list: validation and test results and the speed, the best known first."""
    names = {name for run in runs for name in run.metrics}
    wanted = [
        name for name in names if name.startswith(("val/", "test/")) or name.endswith("steps_per_second")
    ]
    return sorted(wanted, key=_rank)[:MAX_METRICS]


def _rank(name: str) -> tuple[int, str]:
    last = name.rpartition("/")[2]
    return (MAIN.index(last) if last in MAIN else len(MAIN), name)


def _number(field: str, title: str, width: int, form: str = ".3f") -> dict[str, Any]:
    return {
        "field": field,
        "headerName": title,
        "width": width,
        "type": "rightAligned",
        "filter": "agNumberColumnFilter",
        "valueFormatter": {"function": f"params.value == null ? '–' : d3.format('{form}')(params.value)"},
    }


def _grid(runs: Sequence[Run], view: View) -> Any:
    if not runs:
        hint = html.Code("seqtoolkit fit --config configs/g2p.yaml --model.arch lstm")
        teach = parts.empty("No runs yet", "Train a first one; it appears here while it trains:", hint)
    else:
        teach = None
    grid = AgGrid(
        id=ids.RUNS_GRID,
        rowData=rows(runs),
        columnDefs=columns(runs),
        defaultColDef={"sortable": True, "filter": True, "resizable": True},
        getRowId="params.data.id",
        selectedRows=_tick(view.run),
        dashGridOptions={
            "rowSelection": {"mode": "multiRow", "selectAll": "filtered"},
            "suppressFieldDotNotation": True,
            "quickFilterText": view.q,
            "tooltipShowDelay": 300,
            "animateRows": False,
        },
        className="runs-grid",
        style={"height": None},
    )
    return html.Div([teach, html.Div(grid, hidden=not runs)])


def _tick(runs: Sequence[str]) -> dict[str, list[str]]:
    return {"ids": list(runs)}


def _selected(index: RunIndex, ticked: Any, held: Sequence[str]) -> list[str]:
    """Return the selection after a tick: runs keep their order, and names that are no runs go with a change."""
    if isinstance(ticked, dict):  # as we set it; the grid turns it into whole rows
        return list(ticked["ids"])
    now = [row["id"] for row in ticked or []]
    if set(now) == {run.id for run in index.select(held).runs if held}:
        return list(held)
    return [*(run for run in held if run in now), *(run for run in now if run not in held)]


def _unknown(runs: Sequence[Run], view: View) -> Any:
    known = {run.id for run in runs}
    return parts.notes(parts.unknown_runs([name for name in view.run if name not in known]))


def _count(runs: Sequence[Run]) -> str:
    training = sum(run.status == "running" for run in runs)
    return f"{len(runs):,} run{'s' * (len(runs) != 1)}" + (f", {training} training now" if training else "")


PAGE = Page("/", "Runs", layout, register)

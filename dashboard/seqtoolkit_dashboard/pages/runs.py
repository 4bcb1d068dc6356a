"""Runs: every run of the folder in one table that can be sorted, filtered and searched; ticks select runs."""

from __future__ import annotations

from collections.abc import Sequence
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
from seqtoolkit_dashboard.pages.run_table import MISSING, Column, columns, count, rows
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View

_SPECIAL: dict[str, dict[str, Any]] = {
    "id": {"minWidth": 190, "flex": 2, "tooltipField": "id"},
    "status": {"cellRenderer": "Status"},
    "arch": {"cellRenderer": "Architecture"},
    "note": {"cellClass": "note", "wrapText": True, "autoHeight": True},
}
LEAD = "Tick runs to see them on the other pages."


def layout(index: RunIndex, view: View) -> Any:
    """Return the table, or how to make a first run."""
    runs = index.runs()
    search = TextInput(id=ids.RUNS_SEARCH, label="Search", value=view.q, debounce=300)
    return html.Div(
        [
            parts.heading("Runs", LEAD),
            html.Div(
                [
                    html.Div(search, className="wide"),
                    html.P(count(runs), id=ids.RUNS_COUNT, className="count", role="status"),
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
        return rows(runs), grid_columns(runs), count(runs), version

    @app.callback(Output(ids.RUNS_NOTES, "children"), Input(ids.URL, "search"), prevent_initial_call=True)
    def warn(search: str | None) -> Any:
        return _unknown(index.runs(), View.parse(search))


def grid_columns(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return the columns as the grid takes them."""
    return [_grid_column(column) for column in columns(runs)]


def _grid_column(column: Column) -> dict[str, Any]:
    shared = {"field": column.field, "headerName": column.title, "width": column.width}
    if not column.form:
        return shared | _SPECIAL.get(column.field, {})
    number = {"type": "rightAligned", "filter": "agNumberColumnFilter"}
    form = f"params.value == null ? '{MISSING}' : d3.format('{column.form}')(params.value)"
    return {**shared, **number, "valueFormatter": {"function": form}}


def _grid(runs: Sequence[Run], view: View) -> Any:
    if not runs:
        hint = html.Code("seqtoolkit fit --config configs/g2p.yaml --model.arch lstm")
        teach = parts.empty("No runs yet", "Train a first one; it appears here while it trains:", hint)
    else:
        teach = None
    grid = AgGrid(
        id=ids.RUNS_GRID,
        rowData=rows(runs),
        columnDefs=grid_columns(runs),
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


PAGE = Page("/", "Runs", LEAD, layout, register)

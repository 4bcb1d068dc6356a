"""Gates: what the units of a recurrent model let in, keep and let out while it reads an input, slowest units first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, html
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import ids, looking
from seqtoolkit_dashboard.mantine import Select
from seqtoolkit_dashboard.pages import fields, gated, gates_csv, numbers, opening, parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

LEAD = "What each unit lets in, keeps and lets out, step by step, and for how long it remembers."
_SAMPLES = {0: "What is typed", 32: "32 drawn symbols", 128: "128 drawn symbols", 500: "500 drawn symbols"}


def layout(index: RunIndex, view: View) -> Any:
    """Return the controls and the place of the maps."""
    shown = opening.resolve(index, view)
    run = opening.run_named(index, shown.look)
    layers = parts.choice(ids.GATES_LAYER, "Layer", {str(view.layer): str(view.layer)}, str(view.layer))
    sides = parts.choice(ids.GATES_SIDE, "Side", gated.SIDES, gated.side(view.side))
    controls = [
        *fields.opened(ids.GATES_RUN, ids.GATES_CHECKPOINT, index, shown.look, shown.checkpoint),
        *_read(index, shown),
        html.Div(sides, id=ids.GATES_SIDES, className="pair", hidden=not (run and run.encoder)),
        html.Div(layers, id=ids.GATES_LAYERS, className="pair", hidden=True),
        fields.pinnable(ids.GATES_UNIT, "Unit", view.unit, 220),
    ]
    return html.Div(
        [
            parts.heading("Gates", LEAD),
            fields.busy(ids.GATES_BUSY),
            html.Div(controls, className="controls"),
            html.Div(id=ids.GATES_RESULT, **parts.aria(live="polite")),
        ],
        className="cornered",
    )


def register(app: Dash, index: RunIndex) -> None:
    """Open the checkpoint and draw whenever the view or the colours change; a click on a map pins its unit."""
    gates_csv.serve(app, index)
    bind(
        app,
        {
            "look": Control(ids.GATES_RUN),
            "checkpoint": Control(ids.GATES_CHECKPOINT),
            "text": Control(ids.GATES_TEXT),
            "sample": Control(ids.GATES_SAMPLE, show=str),
            "side": Control(ids.GATES_SIDE, show=gated.side),
            "layer": Control(ids.GATES_LAYER, show=str),
            "unit": Control(ids.GATES_UNIT, read=lambda unit, _: unit or "0", show=fields.pinned),
        },
        shown=lambda view: opening.resolve(index, view),
    )

    @app.callback(
        output={
            "result": Output(ids.GATES_RESULT, "children"),
            "checkpoints": Output(ids.GATES_CHECKPOINT, "data"),
            "field": Output(ids.GATES_FIELD, "children"),
            "field_run": Output(ids.GATES_FIELD, "data-run"),
            "typed": Output(ids.GATES_TEXT, "placeholder"),
            "label": Output(ids.GATES_TEXT, "label"),
            "examples": Output(ids.GATES_TEXT, "data"),
            "drawing": Output(ids.GATES_SAMPLE, "display"),
            "one_side": Output(ids.GATES_SIDES, "hidden"),
            "layers": Output(ids.GATES_LAYER, "data"),
            "no_layers": Output(ids.GATES_LAYERS, "hidden"),
            "units": Output(ids.GATES_UNIT, "data"),
        },
        inputs=[Input(ids.URL, "search"), Input(ids.SCHEME, "data")],
        state=[State(ids.GATES_FIELD, "data-run")],
        running=[(Output(ids.GATES_BUSY, "className"), "busy now", "busy")],
    )
    def draw(search: str | None, scheme: Scheme | None, held: str | None) -> Any:
        if scheme is None:
            raise PreventUpdate
        view = opening.resolve(index, View.parse(search))
        field = fields.another(ids.GATES_TEXT, index, view, held)
        return {"field": field, "field_run": view.look, **_drawn(index, view, scheme)}

    @app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Input({"kind": "gates-map", "name": ALL}, "clickData"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    def pin(clicks: list[Any], search: str | None) -> str:
        view = View.parse(search)
        clicked = next((item["value"] for item in ctx.triggered if item["value"] is not None), None)
        unit = _clicked(clicked)
        if not any(clicks) or unit is None:
            raise PreventUpdate
        return replace(view, unit=0 if unit == view.unit else unit).search()


def _drawn(index: RunIndex, view: View, scheme: Scheme) -> dict[str, Any]:
    """Return what a resolved view shows, by the name of its output."""
    run = opening.run_named(index, view.look)
    result: Any
    typed, layers, units = "", list[dict[str, str]](), list[dict[str, str]]()
    of_numbers = run is not None and numbers.read_by(index, run)
    try:
        path = opening.find(index, view.look, view.checkpoint)
        typed, seen = looking.gates(path, view.text, view.sample, gated.side(view.side))
        of_numbers = seen.read is not None
        result = [gated.shown(seen, typed, view, scheme), gates_csv.link(view) if seen.layers else None]
        layers = [fields.option(i, str(layer.number)) for i, layer in enumerate(seen.layers, 1)]
        units = [fields.option(n + 1, says) for n, says in gated.unit_names(seen, view)]
    except (LookupError, ValueError) as error:
        result = opening.problem(error)
    return {
        "result": result,
        "checkpoints": opening.checkpoint_options(index, view.look, view.checkpoint),
        "typed": "" if view.sample and not of_numbers else typed[:80],
        "label": fields.label(of_numbers),
        "examples": numbers.offered(index, view),
        "drawing": "none" if of_numbers else "block",
        "one_side": not (run and run.encoder),
        "layers": layers,
        "no_layers": len(layers) < 2,
        "units": units,
    }


def _clicked(click: Any) -> int | None:
    """Return the unit of a click on a map, from 1, as its hover text names it."""
    try:
        return int(str(click["points"][0]["text"]).split(",")[0].removeprefix("unit "))
    except (TypeError, KeyError, IndexError, ValueError):
        return None


def _read(index: RunIndex, view: View) -> list[Any]:
    samples = {**_SAMPLES, **({view.sample: f"{view.sample} drawn symbols"} if view.sample else {})}
    run = opening.run_named(index, view.look)
    return [
        Select(
            id=ids.GATES_SAMPLE,
            label="Reads",
            data=[fields.option(count, text) for count, text in sorted(samples.items())],
            value=str(view.sample),
            allowDeselect=False,
            display="none" if run and numbers.read_by(index, run) else "block",  # numbers cannot be drawn
            w=190,
        ),
        fields.framed(ids.GATES_FIELD, ids.GATES_TEXT, index, view),
    ]


PAGE = Page("/gates", "Gates", LEAD, layout, register)

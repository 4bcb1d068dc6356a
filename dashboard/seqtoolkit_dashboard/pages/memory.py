"""Memory: how far back the selected runs remember, in six senses, with bands, nulls, twins and horizons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.memory import PROTOCOLS, retention
from seqtoolkit_dashboard.figures.memory_traces import Curve
from seqtoolkit_dashboard.mantine import Button, MultiSelect, Slider
from seqtoolkit_dashboard.pages import horizons, measure, measured, parts, retained
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.pages.picture import Picture, Seen, update
from seqtoolkit_dashboard.pooled import Records, pooled
from seqtoolkit_dashboard.runs import RunIndex, Selection
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

PICTURE = Picture(
    ids.MEMORY_GRAPH,
    ids.MEMORY_FRAME,
    ids.MEMORY_CAPTION,
    ids.MEMORY_EMPTY,
    ids.MEMORY_SEEN,
    ids.MEMORY_CHANGED,
)
SMALL = 250  # pixels: the panel of a small multiple
_BAND = "Shaded: 95 % interval. Dotted: what a model without memory reaches."
_HORIZON = "Below: the horizon, the largest lag up to which every one is above the threshold, with its 95 % interval."
LEAD = (
    "How far back each model remembers: what is present, learnable, used, answered, helpful, and built for."
)


def layout(index: RunIndex, view: View) -> Any:
    """Return the controls and the places of pictures and table."""
    controls = [
        parts.run_choice(ids.MEMORY_RUNS, index, view),
        measured.checkpoint_choice(ids.MEMORY_CHECKPOINT, index, view, index.retention),
        html.Div(_protocols(view), className="wide"),
        parts.choice(ids.MEMORY_AXES, "Axes", retained.AXES, _axes(view.axes)),
        parts.scale_choice(ids.MEMORY_SCALE, "Lag axis", view.lag),
        _steps(),
    ]
    return html.Div(
        [
            parts.heading("Memory", LEAD),
            html.Div(controls, className="controls"),
            html.Div(id=ids.MEMORY_NOTES),
            PICTURE.layout(),
            html.Div(id=ids.MEMORY_PANELS, className="maps"),
            html.Div(id=ids.MEMORY_TABLE),
            html.Div(
                Button("Download all numbers (CSV)", id=ids.MEMORY_CSV, variant="default"), className="below"
            ),
            dcc.Download(id=ids.MEMORY_DOWNLOAD),
            measure.layout(),
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
            "protocol": Control(ids.MEMORY_PROTOCOLS, show=_known),
            "axes": Control(ids.MEMORY_AXES, show=_axes),
        },
    )
    PICTURE.watch(app, lambda view: index.version(_chosen(index, view).runs))
    measure.register(app, index)

    @app.callback(
        output={
            "picture": PICTURE.outputs(),
            "panels": Output(ids.MEMORY_PANELS, "children"),
            "table": Output(ids.MEMORY_TABLE, "children"),
            "notes": Output(ids.MEMORY_NOTES, "children"),
            "no_numbers": Output(ids.MEMORY_CSV, "disabled"),
            "targets": Output(ids.MEMORY_TARGET, "data"),
            "target": Output(ids.MEMORY_TARGET, "value"),
            "steps": _step_outputs(),
        },
        inputs=[Input(ids.URL, "search"), Input(ids.SCHEME, "data"), Input(PICTURE.changed, "data")],
        state=[State(PICTURE.seen, "data"), State(ids.MEMORY_TARGET, "value")],
    )
    def draw(search: str | None, scheme: Scheme | None, _: str | None, seen: Seen, held: str | None) -> Any:
        view = View.parse(search)
        chosen = _chosen(index, view)
        if scheme is None:
            raise PreventUpdate
        version = index.version(chosen.runs)  # before reading, so that no change is missed
        records, problems = _records(index, chosen.runs, view)
        records = pooled(records)
        drawn = retained.curves(index.runs(), records, scheme)
        apart = _axes(view.axes) == "multiples" and len(retained.panels(drawn, "multiples")) > 1
        figure, words = (None, None) if apart else _picture(drawn, view, scheme)
        options = measure.targets(index, chosen.runs)
        return {
            "picture": update(figure, words, version, seen),
            "panels": _multiples(drawn, view, scheme) if apart else [],
            "table": horizons.table(records),
            "notes": parts.notes([*parts.unknown_runs(chosen.unknown), *problems]),
            "no_numbers": not records,
            "targets": options,
            "target": measure.target(options, held),
            "steps": _step_values(_stems(index, view), measured.stem(view)),
        }

    @app.callback(
        Output(ids.MEMORY_DOWNLOAD, "data"),
        Input(ids.MEMORY_CSV, "n_clicks"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    def download(clicks: int | None, search: str | None) -> Any:
        view = View.parse(search)
        records, _ = _records(index, _chosen(index, view).runs, view)
        if not clicks or not records:
            raise PreventUpdate
        return {"content": horizons.numbers(records, measured.stem(view)), "filename": "retention.csv"}

    @app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.MEMORY_STEPS, "value"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    def slide(place: float | None, search: str | None) -> str:
        view = View.parse(search)
        stems = _stems(index, view)
        if place is None or not 0 <= int(place) < len(stems) or stems[int(place)] == measured.stem(view):
            raise PreventUpdate
        stem = stems[int(place)]
        return replace(view, probe="" if stem == "best" else stem).search()


def _records(index: RunIndex, runs: list[Run], view: View) -> tuple[Records, list[str]]:
    """Read the records of the view, by protocol; say of which runs there are none."""
    names = _known(view.protocol) or list(PROTOCOLS)
    what = f"{names[0]} curve" if len(names) == 1 else "retention curve"
    found, problems = measured.measured(
        index,
        runs,
        measured.stem(view),
        index.retention,
        what,
        lambda record: record.protocol in names and bool(record.lags),
    )
    return sorted(found, key=lambda pair: names.index(pair[1].protocol)), problems


def _picture(drawn: Sequence[Curve], view: View, scheme: Scheme) -> tuple[Any, Any]:
    """Return all curves in one picture and a caption, or what to do to measure some."""
    if not drawn:
        why = "The selected runs have no stored retention curves. Measure a checkpoint below, or by typing:"
        return None, parts.empty("No retention measured", why, html.Code(measured.HOW_TO))
    panels = retained.panels(drawn, _axes(view.axes))
    return retention(panels, view.lag, scheme), _caption(drawn)


def _multiples(drawn: Sequence[Curve], view: View, scheme: Scheme) -> list[Any]:
    """Return a picture for each protocol and unit."""
    cards = []
    for panel in retained.panels(drawn, "multiples"):
        name = panel.curves[0].record.protocol
        asks = html.H2([f"{name.capitalize()} ", html.Span(PROTOCOLS[name].asks, className="asks")])
        plot = parts.graph(retention([panel], view.lag, scheme, SMALL), _caption(panel.curves))
        cards.append(html.Section([asks, plot], className="card"))
    return cards


def _caption(drawn: Sequence[Curve]) -> str:
    names = {curve.record.protocol for curve in drawn}
    question = (
        PROTOCOLS[names.pop()].question if len(names) == 1 else "Colour: the model. Line: the protocol."
    )
    twins = "Faint: the untrained twin." if any(curve.twin for curve in drawn) else ""
    strip = _HORIZON if any(curve.record.horizon and not curve.twin for curve in drawn) else ""
    return " ".join(text for text in (question, _BAND, twins, strip) if text)


def _protocols(view: View) -> Any:
    return MultiSelect(
        id=ids.MEMORY_PROTOCOLS,
        label="Protocols",
        data=[{"value": name, "label": name} for name in PROTOCOLS],
        value=_known(view.protocol),
        placeholder="" if _known(view.protocol) else "All that are measured",
        clearable=True,
    )


def _steps() -> Any:
    """Return the slider over the checkpoints of one run, which waits for one that has several."""
    slider = Slider(
        id=ids.MEMORY_STEPS,
        value=0,
        min=0,
        max=1,
        step=1,
        restrictToMarks=True,
        label=None,
        thumbLabel="Checkpoint in the order of training",
        w=300,
    )
    label = html.Span("Checkpoints in training", className="label")
    return html.Div([label, slider], id=ids.MEMORY_STEPS_FRAME, className="choice steps", hidden=True)


def _step_outputs() -> dict[str, Output]:
    outputs = {name: Output(ids.MEMORY_STEPS, name) for name in ("value", "max", "marks")}
    return {**outputs, "hidden": Output(ids.MEMORY_STEPS_FRAME, "hidden")}


def _step_values(stems: Sequence[str], now: str) -> dict[str, Any]:
    return {
        "value": stems.index(now) if now in stems else 0,
        "max": max(len(stems) - 1, 1),
        "marks": [
            {"value": i, "label": stem if i in (0, len(stems) - 1) else ""} for i, stem in enumerate(stems)
        ],
        "hidden": len(stems) < 2,
    }


def _stems(index: RunIndex, view: View) -> list[str]:
    """Return the checkpoints with records of the one run that is shown, in the order of training."""
    runs = _chosen(index, view).runs
    return index.trained(runs[0]) if len(runs) == 1 else []


def _chosen(index: RunIndex, view: View) -> Selection:
    return measured.chosen(index, view, index.retention)


def _known(names: Sequence[str]) -> list[str]:
    return [name for name in PROTOCOLS if name in names]


def _axes(name: str) -> str:
    return name if name in retained.AXES else "multiples"


PAGE = Page("/memory", "Memory", LEAD, layout, register)

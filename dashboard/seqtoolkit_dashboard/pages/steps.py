"""The slider over the checkpoints of one run, in the order of training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State, html
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.mantine import Slider
from seqtoolkit_dashboard.pages import measured
from seqtoolkit_dashboard.view import View


def layout() -> Any:
    """Return the slider, which waits for a run that has several checkpoints."""
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


def outputs() -> dict[str, Output]:
    """Return what a callback that draws changes of it."""
    changed = {name: Output(ids.MEMORY_STEPS, name) for name in ("value", "max", "marks")}
    return {**changed, "hidden": Output(ids.MEMORY_STEPS_FRAME, "hidden")}


def values(stems: Sequence[str], now: str) -> dict[str, Any]:
    """Show the checkpoints `stems`, of which `now` is drawn; hide the slider where there are no two."""
    ends = (0, len(stems) - 1)
    return {
        "value": stems.index(now) if now in stems else 0,
        "max": max(len(stems) - 1, 1),
        "marks": [{"value": i, "label": stem if i in ends else ""} for i, stem in enumerate(stems)],
        "hidden": len(stems) < 2,
    }


def register(app: Dash, stems: Callable[[View], Sequence[str]]) -> None:
    """Write the checkpoint to which the slider is moved into the URL; `stems` names those of a view."""

    @app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Input(ids.MEMORY_STEPS, "value"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    def slide(place: float | None, search: str | None) -> str:
        view = View.parse(search)
        found = stems(view)
        if place is None or not 0 <= int(place) < len(found) or found[int(place)] == measured.stem(view):
            raise PreventUpdate
        stem = found[int(place)]
        return replace(view, probe="" if stem == "best" else stem).search()

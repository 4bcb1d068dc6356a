"""Tie controls to the URL: a change is written there, and Back or an edited URL changes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.view import View


def _same(value: Any) -> Any:
    return value


def _as_held(value: Any, _: Any) -> Any:
    return value


@dataclass(frozen=True)
class Control:
    """The property of a component that holds one field of the view, and how the two are translated.

    `read` takes what the component holds and what the URL held before.
    """

    id: str
    property: str = "value"
    read: Callable[[Any, Any], Any] = _as_held
    show: Callable[[Any], Any] = _same


def bind(app: Dash, controls: dict[str, Control], shown: Callable[[View], View] = _same) -> None:
    """Keep each named field of the view equal to its control.

    `shown` fills in what the controls display where the URL leaves the choice to the page.
    """

    def updated(view: View, values: dict[str, Any]) -> View:
        return view.updated(
            {name: controls[name].read(value, getattr(view, name)) for name, value in values.items()}
        )

    @app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        inputs={"values": {name: Input(c.id, c.property) for name, c in controls.items()}},
        state={"search": State(ids.URL, "search")},
        prevent_initial_call=True,
    )
    def write(values: dict[str, Any], search: str | None) -> str:
        before = shown(View.parse(search))
        after = updated(before, values)
        if after == before:
            raise PreventUpdate
        return after.search()

    @app.callback(
        output={name: Output(c.id, c.property) for name, c in controls.items()},
        inputs={"search": Input(ids.URL, "search")},
        state={"values": {name: State(c.id, c.property) for name, c in controls.items()}},
        prevent_initial_call=True,
    )
    def follow(search: str | None, values: dict[str, Any]) -> dict[str, Any]:
        wanted = shown(View.parse(search))
        held = updated(wanted, values)
        return {
            name: no_update if getattr(held, name) == getattr(wanted, name) else c.show(getattr(wanted, name))
            for name, c in controls.items()
        }

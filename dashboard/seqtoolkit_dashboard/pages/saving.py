"""A button that saves the numbers of the view as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash, Input, Output, State, dcc
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.mantine import Button
from seqtoolkit_dashboard.view import View


def button(text: str, component_id: str, place: str) -> list[Any]:
    """Return the button, which waits for numbers, and the place where its file goes."""
    return [Button(text, id=component_id, variant="default", disabled=True), dcc.Download(id=place)]


def serve(app: Dash, component_id: str, place: str, name: str, content: Callable[[View], str | None]) -> None:
    """Send what `content` makes of the view when the button is pressed; nothing where it makes None."""

    @app.callback(
        Output(place, "data"),
        Input(component_id, "n_clicks"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    def download(clicks: int | None, search: str | None) -> dict[str, str]:
        found = content(View.parse(search)) if clicks else None
        if found is None:
            raise PreventUpdate
        return {"content": found, "filename": name}

"""What keeps a page up to date with the files that it draws from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, dcc
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.view import View

Seen = (
    dict[str, Any] | None
)  # what the browser shows: the version of the files, and what else a page remembers


@dataclass(frozen=True)
class Live:
    """Two stores: `seen` holds the version that the browser shows, `changed` that of the files when it is newer."""

    seen: str
    changed: str

    def layout(self) -> list[Any]:
        """Return the stores, empty so far."""
        return [dcc.Store(id=self.seen), dcc.Store(id=self.changed)]

    def watch(self, app: Dash, version: Callable[[View], str]) -> None:
        """Look every two seconds whether the files behind a view have changed, and only then ask to draw anew.

        A callback that draws must not itself run at each tick: Dash drops an answer that is overtaken by the next
        call, so that where drawing takes longer than a tick, nothing would ever be shown.
        """

        @app.callback(
            Output(self.changed, "data"),
            Input(ids.TICK, "n_intervals"),
            State(ids.URL, "search"),
            State(self.seen, "data"),
            State(self.changed, "data"),
            prevent_initial_call=True,
        )
        def look(_: int, search: str | None, seen: Seen, asked: str | None) -> str:
            now = version(View.parse(search))
            if seen is None or now in (seen["version"], asked):
                raise PreventUpdate
            return now

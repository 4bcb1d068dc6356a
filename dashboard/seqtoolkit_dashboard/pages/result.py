"""A place on a page that is filled anew whenever the view, the colours or the files behind it change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, html
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.pages.live import Live
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View


@dataclass(frozen=True)
class Result:
    """The ids of the place, and of two stores (see `Live`)."""

    place: str
    seen: str
    changed: str

    def layout(self) -> list[Any]:
        """Return the place, empty so far, and the stores."""
        return [html.Div(id=self.place, **parts.aria(live="polite")), *Live(self.seen, self.changed).layout()]

    def fill(self, app: Dash, version: Callable[[View], str], shown: Callable[[View, Scheme], Any]) -> None:
        """Fill the place with what is `shown` of a view, whose files have a `version`."""
        Live(self.seen, self.changed).watch(app, version)

        @app.callback(
            Output(self.place, "children"),
            Output(self.seen, "data"),
            Input(ids.URL, "search"),
            Input(ids.SCHEME, "data"),
            Input(self.changed, "data"),
        )
        def draw(search: str | None, scheme: Scheme | None, _: str | None) -> Any:
            if scheme is None:
                raise PreventUpdate
            view = View.parse(search)
            now = version(view)  # before reading, so that no change is missed
            return shown(view, scheme), {"version": now}

"""A plot that stays in place while its figure changes, so that a zoom survives live updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from dash import Dash, Output, Patch, dcc, html

from seqtoolkit_dashboard.pages.live import Live, Seen
from seqtoolkit_dashboard.view import View

CONFIG: Any = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
    "plotlyServerURL": "",  # the first of those would upload the data; without an address it cannot
    "toImageButtonOptions": {"format": "svg"},
}


def save() -> Any:
    """Return the buttons that save the plot beside them (see assets/dashboard.js); nothing is sent anywhere."""
    return html.Div(["Save ", *(_button(form) for form in ("svg", "png"))], className="save")


def _button(form: str) -> Any:
    options: dict[str, Any] = {"data-save": form}
    return html.Button(form.upper(), type="button", title=f"Save this picture as {form.upper()}", **options)


@dataclass(frozen=True)
class Picture:
    """The ids of a plot, the frame around it, its caption, what stands there instead, and two stores.

    `seen` also holds what `look` says of the figure; see `Live`.
    """

    graph: str
    frame: str
    caption: str
    empty: str
    seen: str
    changed: str

    def layout(self) -> Any:
        """Return the place of the picture, empty so far."""
        plot = dcc.Graph(id=self.graph, config=CONFIG, responsive=True)
        figure = html.Figure([plot, html.Figcaption(id=self.caption), save()], id=self.frame, hidden=True)
        return html.Div(
            [
                html.Div("Reading the runs", id=self.empty, className="lead"),
                figure,
                *Live(self.seen, self.changed).layout(),
            ]
        )

    def outputs(self) -> dict[str, Output]:
        """Return what a callback that draws changes."""
        return {
            "figure": Output(self.graph, "figure"),
            "style": Output(self.graph, "style"),
            "hidden": Output(self.frame, "hidden"),
            "caption": Output(self.caption, "children"),
            "empty": Output(self.empty, "children"),
            "seen": Output(self.seen, "data"),
        }

    def watch(self, app: Dash, version: Callable[[View], str]) -> None:
        """Ask for a new figure whenever the files behind a view have changed."""
        Live(self.seen, self.changed).watch(app, version)


def update(figure: go.Figure | None, words: Any, version: str, seen: Seen) -> dict[str, Any]:
    """Show a figure and its caption; without a figure, words that say why and what to do.

    Where the layout is the one on screen (the same `uirevision`), only the data are sent. Dash copies a zoom into
    the layout that it holds, and a whole new figure would undo it.
    """
    if figure is None:
        return {
            "figure": go.Figure(),
            "style": {},
            "hidden": True,
            "caption": "",
            "empty": words,
            "seen": {"version": version, "layout": None},
        }
    now = look(figure)
    return {
        "figure": changes(Patch(), figure, seen) if seen and seen["layout"] == now["layout"] else figure,
        "style": {"height": figure.layout.height},
        "hidden": False,
        "caption": words,
        "empty": None,
        "seen": {"version": version, **now},
    }


def look(figure: go.Figure) -> dict[str, Any]:
    """Return what is remembered of a figure that is on screen: its `uirevision`, and the limits that it sets."""
    limits = {axis.plotly_name: list(axis.range) for axis in figure.select_yaxes() if axis.range}
    return {"layout": figure.layout.uirevision, "limits": limits}


def changes(patch: Patch, figure: go.Figure, seen: dict[str, Any]) -> Patch:
    """Add to a patch of a figure on screen what is new: the data, and the vertical limits where they are others."""
    patch["data"] = [trace.to_plotly_json() for trace in figure.data]
    for name, limits in look(figure)["limits"].items():
        if seen["limits"].get(name) != limits:
            patch["layout"][name]["range"] = limits
    return patch

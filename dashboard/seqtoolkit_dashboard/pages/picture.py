"""A plot that stays in place while its figure changes, so that a zoom survives live updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from dash import Output, Patch, State, dcc, html

CONFIG: Any = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
    "plotlyServerURL": "",  # the first of those would upload the data; without an address it cannot
    "toImageButtonOptions": {"format": "svg"},
}


Seen = dict[str, Any] | None  # what the browser shows: the version of the files, and the layout of the figure


@dataclass(frozen=True)
class Picture:
    """The ids of a plot, the frame around it, its caption, what stands there instead, and what is shown."""

    graph: str
    frame: str
    caption: str
    empty: str
    seen: str

    def layout(self) -> Any:
        """Return the place of the picture, empty so far."""
        plot = dcc.Graph(id=self.graph, config=CONFIG, responsive=True)
        figure = html.Figure([plot, html.Figcaption(id=self.caption)], id=self.frame, hidden=True)
        return html.Div([html.Div(id=self.empty), figure, dcc.Store(id=self.seen)])

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

    def state(self) -> State:
        """Return what the browser shows, as a callback that draws is told."""
        return State(self.seen, "data")


def update(figure: go.Figure | None, words: Any, version: str, seen: Seen) -> dict[str, Any]:
    """Show a figure and its caption; without a figure, words that say why and what to do.

    Where the layout is the one on screen (the same `uirevision`), only the data are sent. Dash copies a zoom into
    the layout that it holds, and a whole new figure would undo it.
    """
    if figure is None:
        seen = {"version": version, "layout": None}
        return {
            "figure": go.Figure(),
            "style": {},
            "hidden": True,
            "caption": "",
            "empty": words,
            "seen": seen,
        }
    layout = figure.layout.uirevision
    return {
        "figure": _only_data(figure) if seen and seen["layout"] == layout else figure,
        "style": {"height": figure.layout.height},
        "hidden": False,
        "caption": words,
        "empty": None,
        "seen": {"version": version, "layout": layout},
    }


def _only_data(figure: go.Figure) -> Patch:
    patch = Patch()
    patch["data"] = [trace.to_plotly_json() for trace in figure.data]
    return patch

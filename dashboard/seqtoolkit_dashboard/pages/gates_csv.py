"""The numbers behind the maps of the Gates page as a file, made when the link that names the view is followed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dash import Dash, html
from flask import Response, request

from seqtoolkit_dashboard import looking
from seqtoolkit_dashboard.pages import cells, gated, opening
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View

if TYPE_CHECKING:
    from seqtoolkit.gates_inspection import GatesInspection, Layer

COLUMNS = ("layer", "map", "unit", "time_constant", "step")  # then what was read, and the value
_PATH = "/gates.csv"


def link(view: View) -> Any:
    """Return the link to the numbers of a resolved view."""
    read = replace(view, side=gated.side(view.side), text="" if view.sample else view.text)
    words = "Download these numbers (CSV)"
    return html.P(html.A(words, href=_PATH + read.search(), download="gates.csv"), className="below")


def serve(app: Dash, index: RunIndex) -> None:
    """Answer those links."""

    def answer() -> Response:
        view = opening.resolve(index, View.parse(request.query_string.decode()))
        try:
            content = _of_view(index, view)
        except (LookupError, ValueError) as error:
            return Response(f"{error.args[0]}\n", 404, mimetype="text/plain")
        return Response(content, mimetype="text/csv")

    app.server.add_url_rule(_PATH, "gates_csv", answer)


def _of_view(index: RunIndex, view: View) -> str:
    path = opening.find(index, view.look, view.checkpoint)
    _, seen = looking.gates(path, view.text, view.sample, gated.side(view.side))
    if not seen.layers:
        raise ValueError("this architecture has no gates or states")
    return numbers(seen, gated.chosen(seen, view))


def numbers(seen: GatesInspection, layer: Layer) -> str:
    """Return a line for each map, unit and step, with the symbol that was read there, or the values of its channels."""
    read = seen.read
    columns = ["input"] if read is None else read.channels
    inputs: list[list[Any]] = [[name] for name in seen.inputs]
    if read is not None:
        inputs = [[_short(value, 7) for value in row] for row in read.values.T]
    rows: list[list[Any]] = []
    for name, values in layer.maps.items():
        for unit, row in enumerate(values.tolist()):
            kept = "" if layer.time_constants is None else _short(layer.time_constants[unit])
            for step, (given, value) in enumerate(
                zip(inputs, row, strict=True), 1 + (read.first if read else 0)
            ):
                rows.append([layer.number, name, unit + 1, kept, step, *given, _short(value)])
    return cells.written([*COLUMNS, *columns, "value"], rows)


def _short(value: float, digits: int = 6) -> float:
    """Leave out digits that float32, which the model reads and computes in, does not have."""
    return float(f"{value:.{digits}g}")

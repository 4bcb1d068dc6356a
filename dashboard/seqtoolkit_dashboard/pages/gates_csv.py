"""The numbers behind the maps of the Gates page as a file, made when the link that names the view is followed."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dash import Dash, html
from flask import Response, request

from seqtoolkit_dashboard import looking
from seqtoolkit_dashboard.pages import gated, opening
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View

if TYPE_CHECKING:
    from seqtoolkit.gates_inspection import GatesInspection, Layer

COLUMNS = ("layer", "map", "unit", "time_constant", "step", "input", "value")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so
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
    """Return a line for each map, unit and step; texts that a spreadsheet would run are quoted."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    inputs, first = _inputs(seen), seen.read.first if seen.read else 0
    for name, values in layer.maps.items():
        for unit, row in enumerate(values.tolist()):
            kept = "" if layer.time_constants is None else f"{layer.time_constants[unit]:.6g}"
            for step, (read, value) in enumerate(zip(inputs, row, strict=True), first + 1):
                lines.writerow([layer.number, name, unit + 1, kept, step, read, f"{value:.6g}"])
    return out.getvalue()


def _inputs(seen: GatesInspection) -> list[str]:
    """Return what was read at each step: a symbol, or the values of all channels in their own units."""
    if seen.read is None:
        return [f"'{name}" if name.startswith(_FORMULA) else name for name in seen.inputs]
    return [" ".join(f"{value:.6g}" for value in step) for step in seen.read.values.T.tolist()]

"""What the Gates page shows of one inspection: maps of a layer, the pinned unit, and how slow its units are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.pages import numbers, parts
from seqtoolkit_dashboard.pages.picture import CONFIG, save
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

if TYPE_CHECKING:
    from seqtoolkit.gates_inspection import GatesInspection, Layer, Side
    from seqtoolkit_dashboard.figures.gates import Units

SIDES = {"encoder": "Encoder", "decoder": "Decoder"}
_SAYS = {
    "forget_gate": "What share of its cell a unit keeps at each step: 1 keeps all, 0 forgets all.",
    "input_gate": "How much of what is new a unit lets into its cell.",
    "output_gate": "How much of its cell a unit shows.",
    "update_gate": "What share of its state a unit keeps (PyTorch's z; in papers often 1 - z).",
    "reset_gate": "How much of the past enters what a unit would write.",
    "cell": "What a unit carries: only the forget gate takes from it. Blue: above 0, orange: below.",
    "hidden": "What a unit shows the next layer, and itself at the next step. Blue: above 0, orange: below.",
}
_TAU = (
    "τ = -1 / mean(ln a) of the share a that a unit keeps at each step, over the steps of this input: after τ steps "
    "1/e of what it held is left."
)
_UNORDERED = (
    "This architecture tells no share of the past that a unit keeps, so its units have no time constants."
)


def shown(seen: GatesInspection, typed: str, view: View, scheme: Scheme) -> Any:
    """Return everything below the controls."""
    from seqtoolkit_dashboard.figures.gates import title, unit_map

    if not seen.layers:
        link = html.A("Attention page", href="/attention" + view.search())
        return parts.empty(
            "No gates here",
            html.Span(["This architecture has no gates or states: see the ", link, " for what it does."]),
        )
    layer = chosen(seen, view)
    units = _units(layer, view)
    maps = [
        _card(
            title(name).capitalize(),
            _SAYS[name],
            dcc.Graph(
                id=ids.gates_map(name),
                figure=(
                    figure := numbers.over_steps(
                        unit_map(values, name, seen.inputs, units, scheme), seen.read
                    )
                ),
                config=CONFIG,
                responsive=True,
                style={"height": figure.layout.height},
            ),
        )
        for name, values in layer.maps.items()
    ]
    return html.Div(
        [
            html.P(_reads(seen, typed), className="lead"),
            html.Div(numbers.card(seen.read, scheme), className="maps one") if seen.read else None,
            _about(layer, seen, view, scheme),
            html.Div(maps, className="maps"),
        ]
    )


def side(name: str) -> Side:
    """Return one of SIDES, the encoder where the URL names none."""
    return "decoder" if name == "decoder" else "encoder"


def chosen(seen: GatesInspection, view: View) -> Layer:
    """Return the layer of the view, or the last there is."""
    return seen.layers[min(max(view.layer, 1), len(seen.layers)) - 1]


def unit_names(seen: GatesInspection, view: View) -> list[tuple[int, str]]:
    """Return the units (from 0) of the layer in their order, with what is said of each."""
    if not seen.layers:
        return []
    units = _units(chosen(seen, view), view)
    return [(number, units.says(number)) for number in units.order]


def _units(layer: Layer, view: View) -> Units:
    """Put the slowest units first; as they are numbered where nothing is known of that."""
    import numpy as np

    from seqtoolkit_dashboard.figures.gates import Units

    count = len(next(iter(layer.maps.values())))
    if layer.time_constants is None:
        return Units(range(count), None, view.unit)
    order = np.argsort(-layer.time_constants, kind="stable").tolist()
    return Units(order, layer.time_constants, view.unit)


def _about(layer: Layer, seen: GatesInspection, view: View, scheme: Scheme) -> Any:
    """Return the histogram of time constants, and the trace of the pinned unit or how to pin one."""
    from seqtoolkit_dashboard.figures.gates import histogram, unit_trace

    found = []
    count = len(next(iter(layer.maps.values())))
    if 0 < view.unit <= count:
        says = _units(layer, view).says(view.unit - 1)
        trace = numbers.over_steps(unit_trace(layer.maps, view.unit - 1, seen.inputs, scheme), seen.read)
        found.append(
            _card(says[0].upper() + says[1:], "", parts.graph(trace, "Every gate and state of this unit."))
        )
    else:
        found.append(
            html.P("Click a row of a map, or choose a unit above, to see its trace.", className="lead hint")
        )
    if layer.time_constants is None:
        found.append(html.P(_UNORDERED, className="lead hint"))
    else:
        drawn = histogram(layer.time_constants, view.unit, scheme)
        found.insert(0, _card("Time constants", "", parts.graph(drawn, _TAU)))
    return html.Div(found, className="maps about")


def _reads(seen: GatesInspection, typed: str) -> list[Any]:
    if seen.read:
        return ["Reads ", html.Code(typed), numbers.words(seen.read)]
    ways = " The encoder reads from both ends; this is its way forward." if seen.both_ways else ""
    return [
        "Reads ",
        html.Code(typed if len(typed) <= 80 else typed[:77] + "..."),
        f": {len(seen.inputs)} steps.{ways}",
    ]


def _card(name: str, says: str, plot: Any) -> Any:
    body = html.Figure([plot, html.Figcaption(says), save()]) if says else plot
    return parts.card(name, body)

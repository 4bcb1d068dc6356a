"""Attention: choose an input, see what each answer looks at, and what it is truly influenced by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, html, no_update
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import ids, looking
from seqtoolkit_dashboard.pages import fields, numbers, opening, parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

if TYPE_CHECKING:
    from seqtoolkit.inspection import Inspection

_FUTURE = "Empty cells lie in the future of a row: the model could not read them."
_SYMBOLS = "Influence: how much the output changes (KL, in nats) when this input symbol is replaced. "
_STEPS = (
    "Influence: how far the answer moves (in nats) when this step is replaced by those of other examples. "
)
LEAD = "What truly changes each answer, and beside it what each head looks at."


def layout(index: RunIndex, view: View) -> Any:
    """Return the controls and the place of the maps."""
    shown = opening.resolve(index, view)
    controls = [
        *fields.opened(ids.ATTENTION_RUN, ids.ATTENTION_CHECKPOINT, index, shown.look, shown.checkpoint),
        fields.framed(ids.ATTENTION_FIELD, ids.ATTENTION_TEXT, index, shown),
        html.Div(
            [
                parts.choice(
                    ids.ATTENTION_LAYER, "Layer", {str(view.layer): str(view.layer)}, str(view.layer)
                ),
                parts.choice(ids.ATTENTION_HEAD, "Head", {str(view.head): _head(view.head)}, str(view.head)),
            ],
            id=ids.ATTENTION_CHOICES,
            className="pair",
            hidden=True,
        ),
        fields.busy(ids.ATTENTION_BUSY),
    ]
    return parts.page(
        "Attention", LEAD, controls, html.Div(id=ids.ATTENTION_RESULT, **parts.aria(live="polite"))
    )


def register(app: Dash, index: RunIndex) -> None:
    """Open the checkpoint and draw whenever the view or the colours change."""
    bind(
        app,
        {
            "look": Control(ids.ATTENTION_RUN),
            "checkpoint": Control(ids.ATTENTION_CHECKPOINT),
            "text": Control(ids.ATTENTION_TEXT),
            "layer": Control(ids.ATTENTION_LAYER, show=str),
            "head": Control(ids.ATTENTION_HEAD, show=str),
        },
        shown=lambda view: opening.resolve(index, view),
    )

    @app.callback(
        Output(ids.ATTENTION_RESULT, "children"),
        Output(ids.ATTENTION_CHECKPOINT, "data"),
        Output(ids.ATTENTION_FIELD, "children"),
        Output(ids.ATTENTION_FIELD, "data-run"),
        Output(ids.ATTENTION_TEXT, "placeholder"),
        Output(ids.ATTENTION_TEXT, "label"),
        Output(ids.ATTENTION_TEXT, "data"),
        Output(ids.ATTENTION_LAYER, "data"),
        Output(ids.ATTENTION_HEAD, "data"),
        Output(ids.ATTENTION_CHOICES, "hidden"),
        Input(ids.URL, "search"),
        Input(ids.SCHEME, "data"),
        State(ids.ATTENTION_FIELD, "data-run"),
        running=[(Output(ids.ATTENTION_BUSY, "className"), "busy now", "busy")],
    )
    def draw(search: str | None, scheme: Scheme | None, held: str | None) -> Any:
        if scheme is None:
            raise PreventUpdate
        view = opening.resolve(index, View.parse(search))
        options = opening.checkpoint_options(index, view.look, view.checkpoint)
        field = fields.another(ids.ATTENTION_TEXT, index, view, held)
        try:
            text, seen = looking.look(opening.find(index, view.look, view.checkpoint), view.text)
        except (LookupError, ValueError) as error:
            return opening.problem(error), options, field, view.look, "", no_update, no_update, [], [], True
        layers, heads = _layer_options(seen), _head_options(seen, view)
        run = opening.run_named(index, view.look)
        crossed = run is not None and bool(run.encoder)
        return (
            [_more(view) if crossed else _read(seen), maps(seen, view, scheme, crossed)],
            options,
            field,
            view.look,
            text,
            fields.label(seen.read is not None),
            numbers.offered(index, view),
            layers,
            heads,
            not seen.attention,
        )


def maps(seen: Inspection, view: View, scheme: Scheme, crossed: bool = False) -> Any:
    """Return the attention maps of a layer, all heads or one, and the influence map beside them.

    `crossed`: they are those of a decoder to its source, which is not in a layer, and has no future.
    """
    from seqtoolkit_dashboard.figures.attention import Axes, heat_map

    axes = Axes(seen.inputs, seen.rows, seen.positions)
    top = float(max(seen.influence.max(initial=0.0), 1e-9))
    influence = numbers.over_steps(heat_map(seen.influence, axes, "influence", top, scheme), seen.read)
    says = (_STEPS if seen.read else _SYMBOLS) + ("" if crossed or not _has_future(seen) else _FUTURE)
    cards = [numbers.card(seen.read, scheme)] if seen.read else []
    cards.append(parts.card("Influence", parts.graph(influence, says)))
    if not seen.attention:
        reason = "This architecture has no attention to show; its influence answers the same question."
        return html.Div([html.P(reason, className="lead"), html.Div(cards, className="maps one")])
    layer = min(max(view.layer, 1), len(seen.layers)) - 1
    weights, agreement = seen.attention[layer], seen.agreement[layer]
    place = "Attention to the source" if crossed else f"Layer {seen.layers[layer] + 1}"
    top = float(max(one.max() for one in seen.attention))
    heads = range(len(weights)) if view.head == 0 else [min(view.head, len(weights)) - 1]
    drawn = [
        parts.card(
            f"{place}, head {head + 1}",
            parts.graph(
                numbers.over_steps(heat_map(weights[head], axes, "attention", top, scheme), seen.read),
                _agrees(float(agreement[head])),
            ),
        )
        for head in heads
    ]
    return html.Div([*cards, *drawn], className="maps")


def _has_future(seen: Inspection) -> bool:
    return any(position < len(seen.inputs) - 1 for position in seen.positions)


def _more(view: View) -> Any:
    """Point to the page of encoder-decoders."""
    link = html.A("Alignment", href="/alignment" + view.search())
    return html.P(["Below, the decoder looks at its source. More of it: ", link, "."], className="lead")


def _read(seen: Inspection) -> Any:
    """Say what was read of an example of numbers; symbols stand on the axes."""
    if seen.read is None:
        return None
    return html.P(["Reads ", html.Code(seen.read.name), numbers.words(seen.read)], className="lead")


def _agrees(rho: float) -> str:
    """Say how well a head agrees with the influence of the same symbols."""
    return "Rank correlation with influence: " + ("not defined" if rho != rho else f"{rho:+.2f}")


def _layer_options(seen: Inspection) -> list[dict[str, str]]:
    return [{"value": str(i), "label": str(layer + 1)} for i, layer in enumerate(seen.layers, 1)]


def _head_options(seen: Inspection, view: View) -> list[dict[str, str]]:
    if not seen.attention:
        return []
    count = len(seen.attention[min(max(view.layer, 1), len(seen.attention)) - 1])
    return [{"value": str(head), "label": _head(head)} for head in range(count + 1)]


def _head(head: int) -> str:
    return str(head) if head else "All"


PAGE = Page("/attention", "Attention", LEAD, layout, register)

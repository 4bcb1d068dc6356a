"""The pictures of the Memory page: all curves in one, or a card for each protocol that keeps its zoom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import Patch, html

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.memory import PROTOCOLS, retention
from seqtoolkit_dashboard.figures.memory_traces import Curve
from seqtoolkit_dashboard.pages import bands, parts, retained
from seqtoolkit_dashboard.pages.picture import changes, look
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

SMALL = 250  # pixels: the panel of a card

Card = tuple[str, go.Figure, str]  # protocol, figure, caption
Looks = list[dict[str, Any]]  # what is remembered of the cards on screen


def picture(drawn: Sequence[Curve], view: View, scheme: Scheme) -> tuple[go.Figure | None, Any]:
    """Return all curves in one picture and a caption, or what to do to measure some."""
    if not drawn:
        why = "The selected runs have no stored retention curves. Measure a checkpoint below, or by typing:"
        return None, parts.empty("No retention measured", why, html.Code("seqtoolkit retention runs/RUN"))
    return retention(retained.panels(drawn, retained.axes(view.axes)), view.lag, scheme), _caption(drawn)


def cards(drawn: Sequence[Curve], view: View, scheme: Scheme) -> list[Card]:
    """Return a figure for each protocol, with its caption."""
    return [
        (panel.curves[0].record.protocol, retention([panel], view.lag, scheme, SMALL), _caption(panel.curves))
        for panel in retained.panels(drawn, "multiples")
    ]


def anchors(drawn: Sequence[Curve], apart: bool) -> dict[str, str]:
    """Return a link to where each protocol is drawn: in cards of their own, or in one picture."""
    names = {curve.record.protocol for curve in drawn}
    return {name: f"#{ids.memory_curve(name) if apart else ids.MEMORY_FRAME}" for name in names}


def shown(found: Sequence[Card], seen: Looks | None) -> tuple[Any, Looks]:
    """Return what shows the cards, and what is remembered of them.

    Where they are those on screen, only what is new is sent, so that each keeps its zoom.
    """
    looks = [look(figure) for _, figure, _ in found]
    if not seen or [one["layout"] for one in seen] != [one["layout"] for one in looks]:
        first = {name: place for place, (name, _, _) in reversed(list(enumerate(found)))}
        return [_card(*card, anchor=first[card[0]] == place) for place, card in enumerate(found)], looks
    patch = Patch()
    for place, ((_, figure, caption), before) in enumerate(zip(found, seen, strict=True)):
        drawn = patch[place]["props"]["children"][1]["props"]["children"]  # see `_card` and `parts.graph`
        changes(drawn[0]["props"]["figure"], figure, before)
        drawn[1]["props"]["children"] = caption
    return patch, looks


def _card(name: str, figure: go.Figure, caption: str, anchor: bool) -> Any:
    asks = [f"{name.capitalize()} ", html.Span(PROTOCOLS[name].asks, className="asks")]
    named = {"id": ids.memory_curve(name)} if anchor else {}
    return parts.card(asks, parts.graph(figure, caption), **named)


def _caption(drawn: Sequence[Curve]) -> str:
    names = {curve.record.protocol for curve in drawn}
    question = (
        PROTOCOLS[names.pop()].question if len(names) == 1 else "Colour: the model. Line: the protocol."
    )
    twins = "Faint: the untrained twin." if any(curve.twin for curve in drawn) else ""
    told = (question, bands.shaded(drawn), bands.dotted(drawn), twins, bands.horizons(drawn))
    return " ".join(text for text in told if text)

"""Alignment: type a source, see where each target symbol looks and what truly changes it; compare, pin, edit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, html
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import checkpoints, ids
from seqtoolkit_dashboard.mantine import Select
from seqtoolkit_dashboard.pages import fields, opening, parts
from seqtoolkit_dashboard.pages.aligned import Aligned, stored, view_of
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

LEAD = "Where the decoder looks in its source for each symbol it writes, and what truly changes that symbol."
_BEAMS = ("1", "2", "4", "8", "16")


def layout(index: RunIndex, view: View) -> Any:
    """Return the controls and the place of the maps."""
    shown = opening.resolve(index, view)
    return parts.page(
        "Alignment",
        LEAD,
        [*_first(index, shown), *_second(index, shown), *_choices(shown)],
        html.Div(id=ids.ALIGNMENT_RESULT, **parts.aria(live="polite")),
    )


def register(app: Dash, index: RunIndex) -> None:
    """Open the checkpoints and draw whenever the view or the colours change; a click on a map pins its row."""
    bind(
        app,
        {
            "look": Control(ids.ALIGNMENT_RUN),
            "checkpoint": Control(ids.ALIGNMENT_CHECKPOINT),
            "text": Control(ids.ALIGNMENT_TEXT),
            "edit": Control(ids.ALIGNMENT_EDIT),
            "other": Control(ids.ALIGNMENT_OTHER, show=_or_none),
            "other_checkpoint": Control(ids.ALIGNMENT_OTHER_CHECKPOINT, show=_or_none),
            "head": Control(ids.ALIGNMENT_HEAD, show=str),
            "row": Control(ids.ALIGNMENT_ROW, read=lambda row, _: row or "0", show=fields.pinned),
            "beams": Control(ids.ALIGNMENT_BEAMS, show=str),
        },
        shown=lambda view: opening.resolve(index, view),
    )

    @app.callback(
        output={
            "result": Output(ids.ALIGNMENT_RESULT, "children"),
            "checkpoints": Output(ids.ALIGNMENT_CHECKPOINT, "data"),
            "others": Output(ids.ALIGNMENT_OTHER_CHECKPOINT, "data"),
            "no_other": Output(ids.ALIGNMENT_OTHER_CHOICE, "hidden"),
            "typed": Output(ids.ALIGNMENT_TEXT, "placeholder"),
            "edited": Output(ids.ALIGNMENT_EDIT, "placeholder"),
            "heads": Output(ids.ALIGNMENT_HEAD, "data"),
            "no_heads": Output(ids.ALIGNMENT_HEADS, "hidden"),
            "rows": Output(ids.ALIGNMENT_ROW, "data"),
        },
        inputs=[Input(ids.URL, "search"), Input(ids.SCHEME, "data")],
        running=[(Output(ids.ALIGNMENT_BUSY, "className"), "busy now", "busy")],
    )
    def draw(search: str | None, scheme: Scheme | None) -> Any:
        if scheme is None:
            raise PreventUpdate
        view = opening.resolve(index, View.parse(search))
        aligned, problem = _opened(index, view)
        heads = aligned.heads if aligned else 0
        return {
            "result": view_of(aligned, view, scheme, stored(index, view)) if aligned else problem,
            "checkpoints": opening.checkpoint_options(index, view.look, view.checkpoint),
            "others": opening.checkpoint_options(index, view.other, view.other_checkpoint),
            "no_other": not view.other,
            "typed": aligned.text if aligned else "",
            "edited": aligned.text if aligned else "",
            "heads": [fields.option(head, str(head) if head else "All") for head in range(heads + 1)]
            if heads
            else [],
            "no_heads": heads < 2,
            "rows": [fields.option(i, f"{i}: {name}") for i, name in enumerate(aligned.first.target, 1)]
            if aligned
            else [],
        }

    @app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Input({"kind": "alignment-map", "name": ALL}, "clickData"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    def pin(clicks: list[Any], search: str | None) -> str:
        view = View.parse(search)
        row = _clicked(next((click for click in clicks if click is not None), None))
        if ctx.triggered_id is None or row is None:
            raise PreventUpdate
        return replace(view, row=0 if row == view.row else row).search()


def _opened(index: RunIndex, view: View) -> tuple[Aligned | None, Any]:
    """Open what the view names; return what was seen, or what stands there instead."""
    try:
        path = opening.find(index, view.look, view.checkpoint)
        text, first = checkpoints.align(path, view.text, view.beams)
        if not view.other and view.edit in ("", text):
            return Aligned(text, first), None
        other = opening.find(index, view.other, view.other_checkpoint) if view.other else path
        edited = view.edit or text
        answer = tuple(first.target)
        second = checkpoints.align(other, edited, view.beams, answer)[1]
        return Aligned(text, first, second, edited), None
    except (LookupError, ValueError) as error:
        return None, opening.problem(error)


def _clicked(click: Any) -> int | None:
    """Return the row of a click on a map, from 1."""
    try:
        return int(click["points"][0]["y"]) + 1
    except (TypeError, KeyError, IndexError, ValueError):
        return None


def _first(index: RunIndex, view: View) -> list[Any]:
    opened = fields.opened(ids.ALIGNMENT_RUN, ids.ALIGNMENT_CHECKPOINT, index, view.look, view.checkpoint)
    return [*opened, fields.typed(ids.ALIGNMENT_TEXT, "Source", view.text)]


def _second(index: RunIndex, view: View) -> list[Any]:
    run = Select(
        id=ids.ALIGNMENT_OTHER,
        label="Compare with run",
        data=opening.run_options(index, view.other),
        value=view.other or None,
        placeholder="None",
        clearable=True,
        searchable=True,
        className="wide",
    )
    checkpoint = fields.checkpoints(
        ids.ALIGNMENT_OTHER_CHECKPOINT, "Its checkpoint", index, view.other, view.other_checkpoint
    )
    choice = html.Div(checkpoint, id=ids.ALIGNMENT_OTHER_CHOICE, hidden=not view.other)
    return [fields.typed(ids.ALIGNMENT_EDIT, "Compare with source", view.edit), run, choice]


def _choices(view: View) -> list[Any]:
    heads = parts.choice(ids.ALIGNMENT_HEAD, "Head", {str(view.head): str(view.head)}, str(view.head))
    beams = sorted({*_BEAMS, str(view.beams)}, key=int)
    return [
        html.Div(heads, id=ids.ALIGNMENT_HEADS, hidden=True),
        fields.pinnable(ids.ALIGNMENT_ROW, "Pinned target symbol", view.row, 180),
        Select(
            id=ids.ALIGNMENT_BEAMS,
            label="Beams",
            data=beams,
            value=str(view.beams),
            allowDeselect=False,
            w=90,
        ),
        fields.busy(ids.ALIGNMENT_BUSY),
    ]


def _or_none(text: str) -> str | None:
    return text or None


PAGE = Page("/alignment", "Alignment", LEAD, layout, register)

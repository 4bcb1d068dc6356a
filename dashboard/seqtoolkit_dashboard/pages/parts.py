"""Pieces that several pages share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from seqtoolkit_dashboard.mantine import Alert, MultiSelect, SegmentedControl, Table
from seqtoolkit_dashboard.pages.picture import CONFIG, save
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View


def aria(**names: str) -> dict[str, Any]:
    """Return ARIA attributes, which have a hyphen in their names."""
    return {f"aria-{name}": value for name, value in names.items()}


def heading(title: str, sentence: str) -> Any:
    """Return the title of a page and the one sentence that says what is seen there."""
    return html.Div([html.H1(title), html.P(sentence, className="lead")])


def page(title: str, lead: str, controls: Sequence[Any], *body: Any) -> Any:
    """Return a page: its heading, a row of controls, and what they change."""
    return html.Div([heading(title, lead), html.Div(list(controls), className="controls"), *body])


def run_choice(component_id: str, index: RunIndex, view: View) -> Any:
    """Return the control that selects runs; names in the URL that are no runs stand in it to be removed."""
    known = [run.id for run in index.runs()]
    options = [{"value": i, "label": i} for i in known]
    options += [{"value": i, "label": f"{i} (not found)"} for i in view.run if i not in known]
    choices = MultiSelect(
        id=component_id,
        label="Runs",
        data=options,
        value=list(view.run),
        placeholder="" if view.run else "The newest of each model",
        searchable=True,
        clearable=True,
        hidePickedOptions=True,
        nothingFoundMessage="No run of that name",
    )
    return html.Div(choices, className="wide")


def choice(component_id: str, label: str, options: dict[str, str], value: str) -> Any:
    """Return a row of buttons of which one is pressed, under a label."""
    buttons = SegmentedControl(
        id=component_id,
        data=[{"value": key, "label": text} for key, text in options.items()],
        value=value,
        **aria(label=label),
    )
    return html.Div([html.Span(label, className="label"), buttons], className="choice")


def scale_choice(component_id: str, label: str, value: str) -> Any:
    """Return the choice between a linear and a logarithmic axis."""
    return choice(component_id, label, {"linear": "Linear", "log": "Log"}, value)


def empty(title: str, *lines: Any) -> Any:
    """Return what stands in the place of a picture that cannot be drawn yet, and what to do about it."""
    return html.Div([html.H2(title), *[html.P(line) for line in lines]], className="empty")


def notes(texts: Sequence[str]) -> Any:
    """Return one box with a line for each warning; nothing when there are none."""
    return Alert([html.P(text) for text in texts], color="yellow", className="notes") if texts else None


def unknown_runs(unknown: Sequence[str]) -> list[str]:
    """Say which runs of the URL are not in the folder."""
    why = "it was renamed or deleted, or the link is of another folder"
    return [f"No run named {name!r} is in this folder: {why}." for name in unknown]


def table(data: dict[str, Any], width: int) -> Any:
    """Return a table with its caption, which scrolls sideways where there are fewer pixels, by keys too."""
    return html.Div(
        Table(data=data, miw=width),
        className="sideways",
        tabIndex=0,
        role="region",
        **aria(label=data["caption"]),
    )


def rich_table(caption: str, head: Sequence[str], body: Sequence[Sequence[Any]], width: int) -> Any:
    """Return a table whose cells may be links and code, as `table` otherwise."""
    rows = [html.Tr([html.Td(cell) for cell in row]) for row in body]
    top = html.Tr([html.Th(name, scope="col") for name in head])
    told = html.Table([html.Caption(caption), html.Thead(top), html.Tbody(rows)], style={"minWidth": width})
    return html.Div(told, className="sideways rich", tabIndex=0, role="region", **aria(label=caption))


def card(title: Any, *body: Any, **options: Any) -> Any:
    """Return a framed section under its title."""
    return html.Section([html.H2(title), *body], className="card", **options)


def graph(figure: go.Figure, caption: str) -> Any:
    """Return a figure that is drawn once, with its caption."""
    plot = dcc.Graph(figure=figure, config=CONFIG, responsive=True, style={"height": figure.layout.height})
    return html.Figure([plot, html.Figcaption(caption), save()])

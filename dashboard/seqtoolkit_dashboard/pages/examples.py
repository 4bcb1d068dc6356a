"""Single examples on the Quality page: series as pictures, texts as a table that leads to what a model looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dash import html

from seqtoolkit.quality import Example
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.figures.forecast import drawable, forecast, left_out
from seqtoolkit_dashboard.pages import measured, numbers, parts
from seqtoolkit_dashboard.theme import LineStyle, Scheme
from seqtoolkit_dashboard.view import View

CHOICES = {"worst": "Worst", "drawn": "Drawn by chance"}
_TITLES = {"worst": "Worst examples", "drawn": "Examples drawn by chance"}
MOST = 6  # pictures of a run
_NONE = "No examples of this choice are stored."


def known(name: str) -> str:
    """Return one of CHOICES; the first where the URL names none."""
    return name if name in CHOICES else "worst"


def of_run(run: Run, found: Sequence[Example], view: View, style: LineStyle, scheme: Scheme) -> Any:
    """Return the examples of a run under its name."""
    chosen = [one for one in found if one.chosen == known(view.examples)]
    series, texts = [one for one in chosen if drawable(one)], [one for one in chosen if not drawable(one)]
    cards = [_series(one, run, view, style, scheme) for one in series[:MOST]]
    listed = [_texts(run, texts, view)] if texts else []
    body = [html.Div(cards, className="maps"), *listed] if chosen else [html.P(_NONE, className="lead")]
    title = html.H2(f"{_TITLES[known(view.examples)]}, {run.id}")
    return html.Section([title, *body], className="examples")


def _series(one: Example, run: Run, view: View, style: LineStyle, scheme: Scheme) -> Any:
    said = [f"true: {one.truth}"] * bool(one.truth) + [f"answered: {one.answer}"] * bool(one.answer)
    when = one.labels.get("past", [])[-1:]
    kind = "outputs" if one.forecast or one.future else "channels"
    more = [f"{count} more {kind} not drawn"] if (count := left_out(one)) else []
    words = ", ".join([*said, f"loss {one.loss:.4g}", *(f"asked at {time}" for time in when), *more])
    drawn = parts.graph(forecast(one, style.colour, scheme), words)
    return parts.card(
        f"Example {one.index:,}", drawn, *([html.P(_links(one, run, view))] if _input(one) else [])
    )


def _texts(run: Run, found: Sequence[Example], view: View) -> Any:
    columns: dict[str, list[str]] = {
        "Read": [one.text for one in found],
        "True": [one.truth for one in found],
        "Answered": [one.answer for one in found],
    }
    kept = {name: column for name, column in columns.items() if any(column)}  # a text has no single answer
    body = [
        [
            f"{one.index:,}",
            *(_code(column[place]) for column in kept.values()),
            f"{one.loss:.4g}",
            html.Span(_links(one, run, view)),
        ]
        for place, one in enumerate(found)
    ]
    head = ["Example", *kept, "Loss", "Look into it"]
    return html.Div(parts.rich_table(f"{len(found)} examples", head, body, 760), className="card")


def _code(text: str) -> Any:
    return html.Code(text if len(text) <= 120 else text[:117] + "...") if text else "–"


def _input(one: Example) -> str:
    """Return what is read by the pages that open the checkpoint; "" where that is not known."""
    return one.text or numbers.named(one)


def _links(one: Example, run: Run, view: View) -> list[Any]:
    """Return links to the pages that open the checkpoint, with the example typed in, or named."""
    if not _input(one):
        return ["–"]
    there = replace(view, look=run.id, checkpoint=measured.stem(view), text=_input(one), sample=0).search()
    pages = [("Attention", "/attention"), ("Gates", "/gates")]
    pages += [("Alignment", "/alignment")] if run.encoder else []
    links = [html.A(title, href=path + there) for title, path in pages]
    return [piece for place, link in enumerate(links) for piece in ([", "] * (place > 0) + [link])]

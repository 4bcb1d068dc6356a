"""Data: what a run was trained on: splits, lengths, lags, balance, channels, and what a batch looks like."""

from __future__ import annotations

from typing import Any

from dash import Dash, html

from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.pages import fields, opening, parts, summary
from seqtoolkit_dashboard.pages.asked_values import with_asked_values
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.pages.result import Result
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

RESULT = Result(ids.DATA_RESULT, ids.DATA_SEEN, ids.DATA_CHANGED)
LEAD = "What a run learns from: how long its sequences are, how far back answers lie, how balanced they are."
_OLD = (
    "A run keeps what its data look like when its training begins; this one did not. Train again, such as by:"
)
_HOW = "seqtoolkit fit --config configs/recall.yaml --model.arch lstm"


def layout(index: RunIndex, view: View) -> Any:
    """Return the choice of a run, and the place of its data."""
    shown, runs = _chosen(index, view), [run.id for run in index.runs()]
    options = runs if shown in ["", *runs] else [*runs, shown]
    return parts.page("Data", LEAD, [fields.named(ids.DATA_RUN, "Run", options, shown)], *RESULT.layout())


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the files change."""
    bind(
        app, {"look": Control(ids.DATA_RUN)}, shown=lambda view: view.updated({"look": _chosen(index, view)})
    )
    RESULT.fill(
        app,
        lambda view: index.version(_run(index, view)),
        lambda view, scheme: _shown(index, view, scheme),
    )


def _shown(index: RunIndex, view: View, scheme: Scheme) -> Any:
    runs = _run(index, view)
    if not runs:
        known = (
            f"No run named {view.look!r} is in this folder" if view.look else "No run is in this folder yet"
        )
        return parts.empty("No data to show", f"{known}. Train one, such as by:", html.Code(_HOW))
    try:
        found = index.data(runs[0])
    except (OSError, ValueError) as error:
        return parts.empty("These data cannot be shown", str(error))
    if found is None:
        return parts.empty("Nothing is known of these data", _OLD, html.Code(_HOW))
    return summary.shown(with_asked_values(found), runs[0], scheme)


def _run(index: RunIndex, view: View) -> list[Run]:
    run = opening.run_named(index, _chosen(index, view))
    return [run] if run else []


def _chosen(index: RunIndex, view: View) -> str:
    """Name the run of the view; without one a selected run, one that keeps what its data look like if any does."""
    if view.look:
        return view.look
    candidates = [*index.select(view.run).runs, *index.runs()]
    return next((run.id for run in candidates if index.has_data(run)), candidates[0].id if candidates else "")


PAGE = Page("/data", "Data", LEAD, layout, register)

"""Quality: what each model is worth beside what needs no model: measures, confusions, forecasts, worst examples."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, html
from dash.exceptions import PreventUpdate

from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.confusion import confusion
from seqtoolkit_dashboard.pages import examples, judged, measured, parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.live import Live
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.runs import RunIndex, Selection
from seqtoolkit_dashboard.theme import LineStyle, Scheme, line_styles
from seqtoolkit_dashboard.view import View

LIVE = Live(ids.QUALITY_SEEN, ids.QUALITY_CHANGED)
LEAD = "What each model is worth, beside what needs no model that learns, and where it fails."
_MATRICES = {"counts": "Counts", "shares": "Shares of the true class"}
_CONFUSED = "Rows: what is true. Columns: what was answered. The diagonal is right."


def layout(index: RunIndex, view: View) -> Any:
    """Return the controls and the place of the results."""
    controls = [
        parts.run_choice(ids.QUALITY_RUNS, index, view),
        measured.checkpoint_choice(ids.QUALITY_CHECKPOINT, index, view, index.qualities),
        parts.choice(ids.QUALITY_MATRIX, "Confusion", _MATRICES, _matrix(view.matrix)),
        parts.choice(ids.QUALITY_EXAMPLES, "Examples", examples.CHOICES, examples.known(view.examples)),
    ]
    return html.Div(
        [
            parts.heading("Quality", LEAD),
            html.Div(controls, className="controls"),
            html.Div(id=ids.QUALITY_NOTES),
            html.Div(id=ids.QUALITY_RESULT, **parts.aria(live="polite")),
            *LIVE.layout(),
        ]
    )


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the files change."""
    bind(
        app,
        {
            "run": Control(ids.QUALITY_RUNS, show=list),
            "probe": measured.checkpoint_control(ids.QUALITY_CHECKPOINT),
            "matrix": Control(ids.QUALITY_MATRIX, show=_matrix),
            "examples": Control(ids.QUALITY_EXAMPLES, show=examples.known),
        },
    )
    LIVE.watch(app, lambda view: index.version(_chosen(index, view).runs))

    @app.callback(
        Output(ids.QUALITY_RESULT, "children"),
        Output(ids.QUALITY_NOTES, "children"),
        Output(LIVE.seen, "data"),
        Input(ids.URL, "search"),
        Input(ids.SCHEME, "data"),
        Input(LIVE.changed, "data"),
    )
    def draw(search: str | None, scheme: Scheme | None, _: str | None) -> Any:
        view = View.parse(search)
        if scheme is None:
            raise PreventUpdate
        chosen = _chosen(index, view)
        version = index.version(chosen.runs)  # before reading, so that no change is missed
        result, problems = _shown(index, chosen.runs, view, scheme)
        notes = parts.notes([*parts.unknown_runs(chosen.unknown), *problems])
        return result, notes, {"version": version}


def _shown(index: RunIndex, runs: list[Run], view: View, scheme: Scheme) -> tuple[Any, list[str]]:
    """Return everything below the controls, and of which runs there is nothing."""
    name, styles = measured.stem(view), line_styles(index.runs(), runs, scheme)
    records, problems = measured.measured(
        index, runs, name, index.qualities, "measured quality", lambda _: True
    )
    confused, bad = measured.measured(index, runs, name, index.confusions, "confusion", lambda _: True)
    shown, worse = measured.measured(index, runs, name, index.examples, "examples", lambda _: True)
    problems += [text for text in (*bad, *worse) if "has no" not in text]  # few tasks have all three
    if not (records or confused or shown):
        why = "The selected runs have no stored quality. Let one answer its test split:"
        return parts.empty("No quality measured", why, html.Code(measured.HOW_TO)), problems
    matrices = [
        parts.card(
            f"Confusion of {run.id}",
            parts.graph(confusion(one, _matrix(view.matrix) == "shares", scheme), _CONFUSED),
        )
        for run, one in confused
    ]
    found: list[Any] = [
        html.Div(judged.pictures(records, styles, scheme), className="maps"),
        judged.table(records) if records else None,
        html.Div(matrices, className="maps"),
        *_examples(shown, view, styles, scheme),
    ]
    return html.Div(found, className="stack"), problems


def _examples(shown: list[Any], view: View, styles: dict[str, LineStyle], scheme: Scheme) -> list[Any]:
    runs = {run.id: run for run, _ in shown}
    return [
        examples.of_run(run, [one for of, one in shown if of.id == name], view, styles[name], scheme)
        for name, run in runs.items()
    ]


def _chosen(index: RunIndex, view: View) -> Selection:
    return measured.chosen(index, view, index.qualities)


def _matrix(name: str) -> str:
    return name if name in _MATRICES else "counts"


PAGE = Page("/quality", "Quality", LEAD, layout, register)

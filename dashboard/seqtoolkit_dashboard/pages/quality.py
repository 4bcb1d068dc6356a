"""Quality: what each model is worth beside what needs no model: measures, confusions, forecasts, worst examples."""

from __future__ import annotations

from typing import Any

from dash import Dash, html

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.confusion import confusion
from seqtoolkit_dashboard.pages import examples, judged, measured, parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.pages.result import Result
from seqtoolkit_dashboard.runs import RunIndex, Selection
from seqtoolkit_dashboard.theme import LineStyle, Scheme, line_styles
from seqtoolkit_dashboard.view import View

RESULT = Result(ids.QUALITY_RESULT, ids.QUALITY_SEEN, ids.QUALITY_CHANGED)
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
    return parts.page("Quality", LEAD, controls, *RESULT.layout())


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
    RESULT.fill(
        app,
        lambda view: index.version(_chosen(index, view).runs),
        lambda view, scheme: _shown(index, view, scheme),
    )


def _shown(index: RunIndex, view: View, scheme: Scheme) -> Any:
    """Return everything below the controls: of which runs there is nothing, and what there is."""
    chosen = _chosen(index, view)
    runs, name, styles = chosen.runs, measured.stem(view), line_styles(index.runs(), chosen.runs, scheme)
    records, problems = measured.measured(index, runs, name, index.qualities, "measured quality")
    confused, bad = measured.measured(index, runs, name, index.confusions)  # few tasks have all three
    shown, worse = measured.measured(index, runs, name, index.examples)
    notes = parts.notes([*parts.unknown_runs(chosen.unknown), *problems, *bad, *worse])
    if not (records or confused or shown):
        return [notes, _none(view)]
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
    return [notes, html.Div(found, className="stack")]


def _none(view: View) -> Any:
    """Say how quality is measured, and where else there is something to see."""
    why = "Models of series, of labelled sequences and of texts stand beside baselines when they have answered a test:"
    memory, length = (html.A(page, href=f"/{page.lower()}{view.search()}") for page in ("Memory", "Length"))
    others = ["Of recall there is accuracy by lag (", memory, "), of pairs errors by length (", length, ")."]
    return parts.empty("No quality measured", why, html.Code(measured.HOW_TO), others)


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

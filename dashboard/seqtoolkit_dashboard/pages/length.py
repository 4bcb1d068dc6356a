"""Length: errors against the length of the source, for the selected runs: where a fixed vector becomes too small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import Dash, Input, Output, State, html
from dash.exceptions import PreventUpdate

from seqtoolkit.files import is_number
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.length import MEASURES, Curve, Point, lengths, points
from seqtoolkit_dashboard.pages import measured, parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.live import Seen
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.pages.picture import Picture, update
from seqtoolkit_dashboard.runs import RunIndex, Selection
from seqtoolkit_dashboard.theme import Scheme, line_styles
from seqtoolkit_dashboard.view import View

PICTURE = Picture(
    ids.LENGTH_GRAPH,
    ids.LENGTH_FRAME,
    ids.LENGTH_CAPTION,
    ids.LENGTH_EMPTY,
    ids.LENGTH_SEEN,
    ids.LENGTH_CHANGED,
)
LEAD = "Does it fail on long inputs? Errors of the answers against the length of their source."
_CAPTION = (
    "Shaded: 95 % interval. Below: how many sequences of each length were answered. A model that squeezes its source "
    "into one vector does worse to the right; one that can look back need not."
)


def layout(index: RunIndex, view: View) -> Any:
    """Return the controls and the places of picture and table."""
    buttons = {name: measure.title for name, measure in MEASURES.items()}
    controls = [
        parts.run_choice(ids.LENGTH_RUNS, index, view),
        measured.checkpoint_choice(ids.LENGTH_CHECKPOINT, index, view, index.lengths),
        parts.choice(ids.LENGTH_MEASURE, "Measure", buttons, _measure(view)),
    ]
    return parts.page(
        "Length",
        LEAD,
        controls,
        html.Div(id=ids.LENGTH_NOTES),
        PICTURE.layout(),
        html.Div(id=ids.LENGTH_TABLE),
    )


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the files change."""
    bind(
        app,
        {
            "run": Control(ids.LENGTH_RUNS, show=list),
            "probe": measured.checkpoint_control(ids.LENGTH_CHECKPOINT),
            "measure": Control(ids.LENGTH_MEASURE, show=_known),
        },
    )

    PICTURE.watch(app, lambda view: index.version(_chosen(index, view).runs))

    @app.callback(
        output={
            "picture": PICTURE.outputs(),
            "table": Output(ids.LENGTH_TABLE, "children"),
            "notes": Output(ids.LENGTH_NOTES, "children"),
        },
        inputs=[Input(ids.URL, "search"), Input(ids.SCHEME, "data"), Input(PICTURE.changed, "data")],
        state=[State(PICTURE.seen, "data")],
    )
    def draw(search: str | None, scheme: Scheme | None, _: str | None, seen: Seen) -> Any:
        view = View.parse(search)
        chosen = _chosen(index, view)
        if scheme is None:
            raise PreventUpdate
        version = index.version(chosen.runs)  # before reading, so that no change is missed
        title = MEASURES[_measure(view)].title.lower()
        records, problems = measured.measured(
            index,
            chosen.runs,
            measured.stem(view),
            index.lengths,
            f"{title} by length",
            lambda record: record.measure == _measure(view) and bool(points(record)),
        )
        curves = _curves(index.runs(), records, scheme)
        return {
            "picture": update(*picture(curves, view, scheme), version, seen),
            "table": table(records, view),
            "notes": parts.notes([*parts.unknown_runs(chosen.unknown), *problems]),
        }


def picture(curves: Sequence[Curve], view: View, scheme: Scheme) -> tuple[go.Figure | None, Any]:
    """Return the curves and a caption, or what to type to measure some."""
    if not curves:
        why = "The selected runs have no stored answers by length. Let one answer its test split:"
        return None, parts.empty("No lengths measured", why, html.Code(measured.HOW_TO))
    return lengths(curves, MEASURES[_measure(view)], scheme), _CAPTION


def table(records: Sequence[tuple[Run, LengthRecord]], view: View) -> Any:
    """Return every value with its interval: a column for each run, a row for each bin, and one for all lengths."""
    if not records:
        return None
    by_run = [{(p.low, p.high): p for p in points(record)} for _, record in records]
    bins = sorted({key for one in by_run for key in one})
    body = [[_length(key), *(_cell(one.get(key), view) for one in by_run)] for key in bins]
    body.append(["all", *(_cell(_overall(record), view) for _, record in records)])
    head = ["Source length", *(_name(run, record, several=True) for run, record in records)]
    title = f"{MEASURES[_measure(view)].title} by source length [95 % interval], and n"
    data = {"caption": title, "head": head, "body": body}
    width = 140 + 190 * len(records)
    return html.Div(parts.table(data, width), className="card")


def _length(key: tuple[int, int]) -> str:
    return str(key[0]) if key[0] == key[1] else f"{key[0]} to {key[1]}"


def _cell(point: Point | None, view: View) -> str:
    if point is None:
        return "–"
    form = MEASURES[_measure(view)].form
    estimate, lower, upper = (format(v, form) for v in (point.estimate, point.lower, point.upper))
    return f"{estimate} [{lower}, {upper}], {point.n:,}"


def _overall(record: LengthRecord) -> Point | None:
    """Return the value of all lengths together, where the record has a sound one."""
    value = record.settings.get("overall")
    names = ("estimate", "lower", "upper", "n")
    if not isinstance(value, dict) or not all(is_number(value.get(name)) for name in names):
        return None
    estimate, lower, upper = (float(value[name]) for name in names[:3])
    if MEASURES[record.measure].error:
        estimate, lower, upper = 1 - estimate, 1 - upper, 1 - lower
    return Point(0, 0, estimate, lower, upper, int(value["n"]))


def _curves(
    everyone: Sequence[Run], records: Sequence[tuple[Run, LengthRecord]], scheme: Scheme
) -> list[Curve]:
    runs = list({run.id: run for run, _ in records}.values())
    styles, several = line_styles(everyone, runs, scheme), len(records) > len(runs)
    return [
        Curve(_name(run, record, several=several), run.label, points(record), styles[run.id])
        for run, record in records
    ]


def _name(run: Run, record: LengthRecord, several: bool) -> str:
    return f"{run.id}, seed {record.seed}" if several and record.seed is not None else run.id


def _chosen(index: RunIndex, view: View) -> Selection:
    return measured.chosen(index, view, index.lengths)


def _measure(view: View) -> str:
    return _known(view.measure)


def _known(name: str) -> str:
    return name if name in MEASURES else next(iter(MEASURES))


PAGE = Page("/length", "Length", LEAD, layout, register)

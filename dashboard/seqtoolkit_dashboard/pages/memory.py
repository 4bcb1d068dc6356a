"""Memory: how far back the selected runs remember, in six senses, with bands, nulls, twins and horizons."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.figures.memory import PROTOCOLS
from seqtoolkit_dashboard.mantine import MultiSelect
from seqtoolkit_dashboard.pages import (
    findings,
    forming,
    horizons,
    measure,
    measured,
    multiples,
    older,
    p_values,
    parts,
    retained,
    retained_csv,
    saving,
    steps,
)
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.live import Seen
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.pages.picture import Picture, update
from seqtoolkit_dashboard.pooled import Records, pooled
from seqtoolkit_dashboard.runs import RunIndex, Selection
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

PICTURE = Picture(
    ids.MEMORY_GRAPH,
    ids.MEMORY_FRAME,
    ids.MEMORY_CAPTION,
    ids.MEMORY_EMPTY,
    ids.MEMORY_SEEN,
    ids.MEMORY_CHANGED,
)
_FILES = (
    (
        "Download all numbers (CSV)",
        ids.MEMORY_CSV,
        ids.MEMORY_DOWNLOAD,
        "retention.csv",
        retained_csv.curves,
    ),
    (
        "Download the horizons (CSV)",
        ids.MEMORY_HORIZONS_CSV,
        ids.MEMORY_HORIZONS_DOWNLOAD,
        "horizons.csv",
        retained_csv.horizons,
    ),
)
LEAD = (
    "How far back each model remembers: what is present, learnable, used, answered, helpful, and built for."
)


def layout(index: RunIndex, view: View) -> Any:
    """Return the controls and the places of pictures and table."""
    controls = [
        parts.run_choice(ids.MEMORY_RUNS, index, view),
        measured.checkpoint_choice(ids.MEMORY_CHECKPOINT, index, view, index.retention),
        html.Div(_protocols(view), className="wide"),
        parts.choice(ids.MEMORY_AXES, "Axes", retained.AXES, retained.axes(view.axes)),
        parts.scale_choice(ids.MEMORY_SCALE, "Lag axis", view.lag),
        steps.layout(),
    ]
    return parts.page(
        "Memory",
        LEAD,
        controls,
        html.Div(id=ids.MEMORY_NOTES),
        html.Div(id=ids.FINDINGS, className="told"),
        PICTURE.layout(),
        html.Div(id=ids.MEMORY_PANELS, className="maps"),
        dcc.Store(id=ids.MEMORY_PANELS_SEEN),
        html.Div(id=ids.MEMORY_TABLE),
        html.Div([part for file in _FILES for part in saving.button(*file[:3])], className="below pair"),
        forming.layout(),
        measure.layout(),
    )


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the files change."""
    bind(
        app,
        {
            "run": Control(ids.MEMORY_RUNS, show=list),
            "probe": measured.checkpoint_control(ids.MEMORY_CHECKPOINT),
            "lag": Control(ids.MEMORY_SCALE),
            "protocol": Control(ids.MEMORY_PROTOCOLS, show=retained.protocols),
            "axes": Control(ids.MEMORY_AXES, show=retained.axes),
        },
    )
    PICTURE.watch(app, lambda view: index.version(_chosen(index, view).runs))
    steps.register(app, lambda view: _stems(index, view))
    forming.register(app, index)
    measure.register(app, index)

    @app.callback(
        output={
            "picture": PICTURE.outputs(),
            "panels": (Output(ids.MEMORY_PANELS, "children"), Output(ids.MEMORY_PANELS_SEEN, "data")),
            "findings": Output(ids.FINDINGS, "children"),
            "table": Output(ids.MEMORY_TABLE, "children"),
            "notes": Output(ids.MEMORY_NOTES, "children"),
            "no_numbers": Output(ids.MEMORY_CSV, "disabled"),
            "no_horizons": Output(ids.MEMORY_HORIZONS_CSV, "disabled"),
            "targets": Output(ids.MEMORY_TARGET, "data"),
            "target": Output(ids.MEMORY_TARGET, "value"),
            "steps": steps.outputs(),
        },
        inputs=[Input(ids.URL, "search"), Input(ids.SCHEME, "data"), Input(PICTURE.changed, "data")],
        state=[
            State(PICTURE.seen, "data"),
            State(ids.MEMORY_PANELS_SEEN, "data"),
            State(ids.MEMORY_TARGET, "value"),
        ],
    )
    def draw(
        search: str | None,
        scheme: Scheme | None,
        _: str | None,
        seen: Seen,
        cards_seen: multiples.Looks | None,
        held: str | None,
    ) -> Any:
        if scheme is None:
            raise PreventUpdate
        return _drawn(index, View.parse(search), scheme, seen, cards_seen, held)

    for _, button, place, name, write in _FILES:
        saving.serve(app, button, place, name, partial(_file, index, write))


def _drawn(
    index: RunIndex,
    view: View,
    scheme: Scheme,
    seen: Seen,
    cards_seen: multiples.Looks | None,
    held: str | None,
) -> dict[str, Any]:
    """Return what a view shows, by the name of its output; `seen` and `held` are what is on screen."""
    chosen = _chosen(index, view)
    version = index.version(chosen.runs)  # before reading, so that no change is missed
    records, problems = _records(index, chosen.runs, view)
    replaced = older.runs(index, chosen.runs, measured.stem(view))
    drawn = retained.curves(index.runs(), pooled(records), scheme)
    cards = multiples.cards(drawn, view, scheme) if retained.axes(view.axes) == "multiples" else []
    apart = len(cards) > 1
    figure, words = (None, None) if apart else multiples.picture(drawn, view, scheme)
    options = measure.targets(index, chosen.runs)
    outdated = older.notes(replaced, measured.stem(view))
    return {
        "picture": update(figure, words, version, seen),
        "panels": multiples.shown(cards if apart else [], cards_seen),
        "findings": findings.shown(index, chosen.runs, view, multiples.anchors(drawn, apart)),
        "table": [horizons.table(records, measured.stem(view), replaced), p_values.shown(records)],
        "notes": parts.notes([*parts.unknown_runs(chosen.unknown), *problems, *outdated]),
        "no_numbers": not records,
        "no_horizons": not records,
        "targets": options,
        "target": measure.target(options, held),
        "steps": steps.values(_stems(index, view), measured.stem(view)),
    }


def _file(index: RunIndex, write: Callable[[Records, str, Collection[str]], str], view: View) -> str | None:
    """Write the numbers of the view; None where there are none."""
    runs, stem = _chosen(index, view).runs, measured.stem(view)
    records, _ = _records(index, runs, view)
    return write(records, stem, older.runs(index, runs, stem)) if records else None


def _records(index: RunIndex, runs: list[Run], view: View) -> tuple[Records, list[str]]:
    """Read the records of the view, by protocol; say of which runs there are none."""
    names = retained.protocols(view.protocol) or list(PROTOCOLS)
    what = f"{names[0]} curve" if len(names) == 1 else "retention curve"
    found, problems = measured.measured(
        index,
        runs,
        measured.stem(view),
        index.retention,
        what,
        lambda record: record.protocol in names and bool(record.lags),
    )
    return sorted(found, key=lambda pair: names.index(pair[1].protocol)), problems


def _protocols(view: View) -> Any:
    return MultiSelect(
        id=ids.MEMORY_PROTOCOLS,
        label="Protocols",
        data=[{"value": name, "label": name} for name in PROTOCOLS],
        value=retained.protocols(view.protocol),
        placeholder="" if retained.protocols(view.protocol) else "All that are measured",
        clearable=True,
    )


def _stems(index: RunIndex, view: View) -> list[str]:
    """Return the checkpoints with records of the one run that is shown, in the order of training."""
    runs = _chosen(index, view).runs
    return index.trained(runs[0]) if len(runs) == 1 else []


def _chosen(index: RunIndex, view: View) -> Selection:
    return measured.chosen(index, view, index.retention)


PAGE = Page("/memory", "Memory", LEAD, layout, register)

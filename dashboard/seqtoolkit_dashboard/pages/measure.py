"""Measure a checkpoint from the Memory page: which one, the button, and how far it has come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, ctx, html
from dash.exceptions import PreventUpdate

from seqtoolkit.runs import Run
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.mantine import Button, Select
from seqtoolkit_dashboard.measuring import Measuring, Progress
from seqtoolkit_dashboard.pages import asked, older, opening, parts, retained
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View

_SAYS = {
    "idle": "",
    "running": "Measuring {what}: {line}",
    "finished": "{what} is measured.",
    "failed": "{what} was not measured: {line}",
    "stopped": "{what} was stopped.",
}
_HOW = (
    "By all protocols, or those chosen above, in a process of its own; the picture follows when it is done."
)


def layout() -> Any:
    """Return the choice of a checkpoint, the buttons and the place of the progress."""
    controls = [
        Select(
            id=ids.MEMORY_TARGET,
            label="Checkpoint to measure",
            data=[],
            searchable=True,
            allowDeselect=False,
            nothingFoundMessage="No checkpoint of the selected runs is in this folder",
            className="wide",
        ),
        Button("Measure", id=ids.MEMORY_START, variant="filled"),
        Button("Stop", id=ids.MEMORY_STOP, variant="default", disabled=True),
    ]
    section = parts.card(
        "Measure a checkpoint",
        html.P(_HOW, className="lead"),
        html.Div(controls, className="controls"),
        asked.layout(),
        html.P(id=ids.MEMORY_PROGRESS, className="progress", role="status"),
    )
    return html.Div(section, className="measure")


def targets(index: RunIndex, runs: Sequence[Run]) -> list[dict[str, str]]:
    """List the checkpoint files of runs, those without any record of their present state first."""
    found = [
        (bool(known) and not replaced, {"value": f"{run.id}/{stem}", "label": f"{run.id}, {stem}{says}"})
        for run in runs
        for stem in (path.stem for path in index.checkpoints(run))
        for known, replaced in [(_measured(index, run, stem), older.is_older(index, run, stem))]
        for says in [_has(known, replaced)]
    ]
    return [option for _, option in sorted(found, key=lambda pair: pair[0])]


def target(options: Sequence[dict[str, str]], held: str | None) -> str | None:
    """Keep the choice while it is there, else take the first."""
    values = [option["value"] for option in options]
    return held if held in values else next(iter(values), None)


def register(app: Dash, index: RunIndex) -> None:
    """Start and stop, and look every two seconds how far it is."""
    measuring = Measuring()

    @app.callback(
        output=(
            Output(ids.MEMORY_PROGRESS, "children"),
            Output(ids.MEMORY_START, "disabled"),
            Output(ids.MEMORY_STOP, "disabled"),
        ),
        inputs={
            "_": (
                Input(ids.MEMORY_START, "n_clicks"),
                Input(ids.MEMORY_STOP, "n_clicks"),
                Input(ids.TICK, "n_intervals"),
            )
        },
        state={
            "chosen": State(ids.MEMORY_TARGET, "value"),
            "held": asked.states(),
            "search": State(ids.URL, "search"),
            "shown": State(ids.MEMORY_PROGRESS, "children"),
        },
        prevent_initial_call=True,
    )
    def act(
        _: Any, chosen: str | None, held: dict[str, Any], search: str | None, shown: str | None
    ) -> tuple[str, bool, bool]:
        problem = ""
        if ctx.triggered_id == ids.MEMORY_START:
            problem = _start(measuring, index, chosen or "", held, View.parse(search))
        elif ctx.triggered_id == ids.MEMORY_STOP:
            measuring.stop()
        now = measuring.progress()
        says = problem or (shown or "" if now.state == "idle" else say(now))
        if says == (shown or "") and ctx.triggered_id == ids.TICK:
            raise PreventUpdate
        return says, now.state == "running", now.state != "running"

    @app.callback(Output(ids.MEMORY_PART_FRAME, "hidden"), Input(ids.MEMORY_TARGET, "value"))
    def offer(chosen: str | None) -> bool:
        return not _has_parts(index, (chosen or "").rpartition("/")[0])


def say(progress: Progress) -> str:
    """Write progress as one line."""
    return _SAYS[progress.state].format(what=progress.what, line=_plain(progress.line) or "starting").strip()


def _plain(line: str) -> str:
    """Write a line of progress, which is JSON, as words; any other line as it is."""
    try:
        found = json.loads(line)
        says = f"{int(found['done'])} of {int(found['of'])} curves"
        left = found.get("seconds_left")
        return says + (f", about {float(left):,.0f} s left" if left is not None else "")
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return line


def _start(measuring: Measuring, index: RunIndex, chosen: str, held: dict[str, Any], view: View) -> str:
    """Begin to measure what was chosen, as the fields ask; return why that cannot be, or nothing."""
    run_id, _, stem = chosen.rpartition("/")
    protocols = ",".join(retained.protocols(view.protocol))
    part = held["part"] if _has_parts(index, run_id) else None
    try:
        path = opening.find(index, run_id, stem)
        words = asked.words(path, {**held, "part": part, "protocols": protocols})
        measuring.start(f"{run_id} {stem}", path, words)
    except LookupError as error:
        return str(error.args[0])
    except ValueError as error:
        return str(error)
    return ""


def _has_parts(index: RunIndex, run_id: str) -> bool:
    """Say whether a run is of an encoder-decoder, of which a part is measured."""
    run = opening.run_named(index, run_id)
    return run is not None and bool(run.encoder)


def _measured(index: RunIndex, run: Run, stem: str) -> list[str]:
    """Name the protocols by which a checkpoint is measured."""
    try:
        known = {record.protocol for record in index.records(run, stem)}
    except (OSError, ValueError):
        return []
    return retained.protocols(list(known))


def _has(known: Sequence[str], replaced: bool) -> str:
    state = ", of an older state" if replaced else ""
    return f" (has {', '.join(known)}{state})" if known else " (nothing measured)"

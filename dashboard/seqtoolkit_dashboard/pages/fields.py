"""Fields that pages share that look into one run: run, checkpoint, typed text, what is pinned, and that it is busy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html, no_update

from seqtoolkit_dashboard.mantine import Autocomplete, Loader, Select, Textarea, TextInput
from seqtoolkit_dashboard.pages import numbers, opening
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View


def opened(run_id: str, checkpoint_id: str, index: RunIndex, run: str, checkpoint: str) -> list[Any]:
    """Return the choices of a run and of its checkpoint."""
    return [
        named(run_id, "Run", opening.run_options(index, run), run),
        checkpoints(checkpoint_id, "Checkpoint", index, run, checkpoint),
    ]


def named(component_id: str, label: str, options: Sequence[str | dict[str, str]], chosen: str) -> Any:
    """Return the choice of one of many names, which can be searched; "" chooses none yet."""
    return Select(
        id=component_id,
        label=label,
        data=list(options),
        value=chosen or None,
        allowDeselect=False,
        searchable=True,
        className="wide",
    )


def checkpoints(component_id: str, label: str, index: RunIndex, run: str, checkpoint: str) -> Any:
    """Return the choice among the checkpoints of a run."""
    return Select(
        id=component_id,
        label=label,
        data=opening.checkpoint_options(index, run, checkpoint),
        value=checkpoint or None,
        allowDeselect=False,
        w=150,
    )


def typed(component_id: str, label: str, value: str) -> Any:
    """Return a field for what a model reads."""
    return TextInput(
        id=component_id,
        label=label,
        value=value,
        debounce=500,
        spellCheck="false",
        autoComplete="off",
        className="wide",
    )


def framed(frame_id: str, component_id: str, index: RunIndex, view: View) -> Any:
    """Return the field for what the run of a resolved view reads, in a frame that keeps for which run it was made."""
    made_for: dict[str, Any] = {"data-run": view.look}
    return html.Div(read(component_id, index, view), id=frame_id, className="wide", **made_for)


def another(component_id: str, index: RunIndex, view: View, held: str | None) -> Any:
    """Return the field anew where it was made for another run than that of a view: it may read something else.

    The field of the same run stays: somebody may be typing there.
    """
    return no_update if held == view.look else read(component_id, index, view)


def read(component_id: str, index: RunIndex, view: View) -> Any:
    """Return the field for what the run of a resolved view reads: an example, a text of several lines, or one line."""
    same = {"id": component_id, "value": view.text, "debounce": 500, "className": "wide"}
    if examples := numbers.offered(index, view):
        return Autocomplete(label=label(True), data=examples, **same)
    if "\n" in view.text or _has_lines(index, view.look):
        return Textarea(label=label(False), spellCheck="false", autosize=True, minRows=2, maxRows=8, **same)
    return typed(component_id, label(False), view.text)


def label(of_numbers: bool) -> str:
    """Name the field for what a model reads."""
    return "Example of the data" if of_numbers else "Input"


def _has_lines(index: RunIndex, run_id: str) -> bool:
    """Say whether a run reads line feeds, as far as it keeps what its data look like."""
    run = opening.run_named(index, run_id)
    try:
        found = index.data(run) if run else None
    except (OSError, ValueError):
        return False
    return found is not None and "\n" in found.symbols


def pinnable(component_id: str, label: str, place: int, width: int) -> Any:
    """Return the choice of one row or unit (from 1), or of none (0); a page fills in which there are."""
    return Select(
        id=component_id,
        label=label,
        data=[option(place, str(place))] if place else [],
        value=pinned(place),
        placeholder="None",
        clearable=True,
        searchable=True,
        w=width,
    )


def pinned(place: int) -> str | None:
    """Return a place as a choice holds it."""
    return str(place) if place else None


def option(value: int, label: str) -> dict[str, str]:
    """Return a number as one of the options of a choice."""
    return {"value": str(value), "label": label}


def busy(component_id: str) -> Any:
    """Return the sign that a checkpoint is read."""
    return html.Div([Loader(size="sm"), "Opening and reading"], id=component_id, className="busy")

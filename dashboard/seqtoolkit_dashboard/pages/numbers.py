"""What pages show of an example of numbers that was looked into: what was read, steps on every axis, and its choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from seqtoolkit.quality import Example
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.pages import opening, parts
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

if TYPE_CHECKING:
    from seqtoolkit.example_inspection import Read

OFFERED = 8  # examples of validation that are offered, spread evenly
TICKS = 12  # at most
_LINES = "What was read, in its own units."
_SCALED = "What was read, scaled as the model reads it. Blue: above 0, orange: below."


def card(read: Read, scheme: Scheme) -> Any:
    """Return what was read; nothing of tokens, which are only numbers."""
    from seqtoolkit_dashboard.figures.read import LINES, channels

    if not read.channels:
        return None
    says = _LINES if len(read.channels) <= LINES else _SCALED
    return parts.card("Input", parts.graph(channels(read, scheme), says))


def words(read: Read) -> str:
    """Say how much was read, how much of it is shown, and whether the data are still those of the training."""
    shown = len(read.steps)
    last = f", of which the last {shown:,} are shown" if read.first else ""
    return f": {read.first + shown:,} steps{last}.{_since(read)}"


def _since(read: Read) -> str:
    if not read.changed:
        return ""
    files = " and ".join(f"--data.{name}" for name in read.changed)
    return f" The file of {files} has changed since the run was trained: this may be another example than it was then."


def over_steps(figure: go.Figure, read: Read | None) -> go.Figure:
    """Name steps where symbols would stand on the axes and in the words of a figure; of symbols, leave it as it is."""
    if read is None:
        return figure
    names, ticks = [f"step {name}" for name in read.steps], _ticks(read)
    for trace in figure.data:
        trace.customdata = [names] * len(trace.z) if trace.type == "heatmap" else names
    figure.for_each_xaxis(lambda axis: axis.update(title_text="step" if axis.title.text else None, **ticks))
    figure.for_each_yaxis(lambda axis: axis.update(title_text=_renamed(axis.title.text)))
    return figure


def _ticks(read: Read) -> dict[str, Any]:
    """Return round numbers of steps, as many as are legible in a narrow window."""
    count = len(read.steps)
    every = next(width for width in (1, 2, 5, 10, 20, 50, 100) if count <= TICKS * width)
    places = [place for place, name in enumerate(read.steps) if int(name) % every == 0]
    return {"tickvals": places, "ticktext": [read.steps[place] for place in places]}


def _renamed(title: str | None) -> str | None:
    return "step that is answered" if title == "output symbol" else title


def named(one: Example) -> str:
    """Name a stored example of numbers as `open_example` does; "" where it is not known of which split it is."""
    split, step = one.settings.get("split"), one.settings.get("step")
    if split not in ("val", "test") or not (one.past or one.future):
        return ""
    return f"{split} {one.index}" + (f" to {step + 1}" if isinstance(step, int) else "")


def offered(index: RunIndex, view: View) -> list[dict[str, Any]]:
    """Group the names of examples that a page offers of a run that reads numbers; none of one that reads symbols."""
    run = opening.run_named(index, view.look)
    if run is None or not read_by(index, run):
        return []
    try:
        worst = [
            named(one) for one in index.read(run, view.checkpoint, index.examples) if one.chosen == "worst"
        ]
        found = index.data(run)
    except (OSError, ValueError):
        worst, found = [], None
    count = found.splits.get("val", {}).get("examples", 0) if found else 0
    spread = [f"val {place * count // OFFERED}" for place in range(OFFERED)] if count else []
    groups = {"Worst examples": [name for name in worst if name], "Of validation": spread}
    return [{"group": name, "items": list(dict.fromkeys(items))} for name, items in groups.items() if items]


def read_by(index: RunIndex, run: Run) -> bool:
    """Say whether a run reads numbers, as far as it keeps what its data look like."""
    try:
        found = index.data(run)
    except (OSError, ValueError):
        return False
    return bool(found and found.channels)

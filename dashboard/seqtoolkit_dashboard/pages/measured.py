"""What pages share that draw stored records: which checkpoint, whose records, and why some have none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from seqtoolkit.runs import Run
from seqtoolkit_dashboard.mantine import Select
from seqtoolkit_dashboard.pages.controls import Control
from seqtoolkit_dashboard.probes import Probe
from seqtoolkit_dashboard.runs import RunIndex, Selection
from seqtoolkit_dashboard.view import View

T = TypeVar("T")
HOW_TO = "seqtoolkit test --ckpt_path runs/RUN/checkpoints/best.ckpt"


def stem(view: View) -> str:
    """Name the checkpoint whose records are drawn."""
    return _named(view.probe)


def command(run_id: str, name: str) -> str:
    """Write what to type to measure the checkpoint `name` of a run."""
    file = "" if name == "best" else f"/checkpoints/{name}.ckpt"
    return f"seqtoolkit retention runs/{run_id}{file}"


def checkpoint_choice(component_id: str, index: RunIndex, view: View, probe: Probe[Any]) -> Any:
    """Return the control that chooses among the checkpoints of which some run has records."""
    known = {name for run in index.runs() for name in index.probed(run, probe)}
    return Select(
        id=component_id,
        label="Checkpoint",
        data=sorted({*known, stem(view)}),
        value=stem(view),
        allowDeselect=False,
    )


def checkpoint_control(component_id: str) -> Control:
    """Return how that control is kept in the URL."""
    return Control(component_id, read=lambda name, _: "" if name == "best" else name, show=_named)


def chosen(index: RunIndex, view: View, probe: Probe[Any]) -> Selection:
    """Return the runs of the view; without a choice, some that have records."""
    return index.select(view.run, lambda run: stem(view) in index.probed(run, probe))


def measured(
    index: RunIndex,
    runs: list[Run],
    name: str,
    probe: Probe[T],
    what: str = "",
    fits: Callable[[T], bool] = lambda record: True,
) -> tuple[list[tuple[Run, T]], list[str]]:
    """Read the records that fit of the checkpoint `name` of each run, and say of which runs there is no `what`.

    Without `what` only records that cannot be understood are a problem, not that there are none.
    """
    records, problems = list[tuple[Run, T]](), list[str]()
    for run in runs:
        try:
            found = [record for record in index.read(run, name, probe) if fits(record)]
        except (OSError, ValueError) as error:
            problems.append(f"{run.id}: {error}")
            continue
        records += [(run, record) for record in found]
        if what and not found:
            problems.append(f"{run.id} has no {what} for its checkpoint {name!r}.")
    return records, problems


def _named(name: str) -> str:
    return name or "best"

"""What pages share that open checkpoints: which run and which of its files, and what to say when there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from seqtoolkit.runs import Run
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.runs import RunIndex, note
from seqtoolkit_dashboard.view import View


def find(index: RunIndex, run_id: str, checkpoint: str) -> Path:
    """Look up a checkpoint.

    Raises LookupError that says what is missing and what there is.
    """
    if not run_id:
        raise LookupError(
            "No run in this folder has a checkpoint yet; a run writes its first one after validation."
        )
    run = run_named(index, run_id)
    if run is None:
        raise LookupError(f"No run named {run_id!r} is in this folder; choose another one.")
    if path := index.checkpoint(run, checkpoint):
        return path
    there = ", ".join(path.stem for path in index.checkpoints(run))
    what = f"no checkpoint {checkpoint!r}; it has: {there}" if there else "no checkpoint yet"
    raise LookupError(f"{run.id} has {what}. {note(run)}".strip())


def problem(error: LookupError | ValueError) -> Any:
    """Return what stands in the place of a picture that could not be drawn."""
    missing = isinstance(error, LookupError)
    title = "Nothing to look into" if missing else "This could not be drawn"
    return parts.empty(title, str(error.args[0] if missing else error))


def resolve(index: RunIndex, view: View) -> View:
    """Fill in runs and checkpoints where the URL leaves them to the page: a selected run, its best checkpoint."""
    if not view.look:
        candidates = [*index.select(view.run).runs, *index.runs()]
        view = replace(view, look=next((run.id for run in candidates if index.checkpoints(run)), ""))
    if not view.checkpoint:
        view = replace(view, checkpoint=next(iter(_stems(index, view.look)), ""))
    if view.other and not view.other_checkpoint:
        stems = _stems(index, view.other)
        different = [stem for stem in stems if (view.other, stem) != (view.look, view.checkpoint)]
        view = replace(view, other_checkpoint=next(iter(different or stems), ""))
    return view


def run_options(index: RunIndex, chosen: str) -> list[dict[str, str]]:
    """List the runs that have a checkpoint, and the chosen one in any case."""
    known = {run.id: run.label for run in index.runs() if index.checkpoints(run)}
    unknown = [] if chosen in ["", *known] else [{"value": chosen, "label": f"{chosen} (nothing to open)"}]
    return [{"value": run_id, "label": f"{run_id} ({label})"} for run_id, label in known.items()] + unknown


def checkpoint_options(index: RunIndex, run_id: str, chosen: str) -> list[str]:
    """List the checkpoints of a run, and the chosen one in any case."""
    known = _stems(index, run_id)
    return known if chosen in ["", *known] else [*known, chosen]


def run_named(index: RunIndex, run_id: str) -> Run | None:
    """Look a run up."""
    return next(iter(index.select([run_id]).runs), None) if run_id else None


def _stems(index: RunIndex, run_id: str) -> list[str]:
    run = run_named(index, run_id)
    return [path.stem for path in index.checkpoints(run)] if run else []

"""The table of runs as plain values: its columns, and a row for each run. Drawn by the grid, and once by the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from seqtoolkit.runs import Run
from seqtoolkit_dashboard.runs import note
from seqtoolkit_dashboard.theme import css_colour, slots

MAIN = (
    "loss",
    "per",
    "wer",
    "recall_accuracy",
    "token_accuracy",
    "steps_per_second",
)  # these metrics come first
MAX_METRICS = 12
MISSING = "–"


@dataclass(frozen=True)
class Column:
    """A column: the field of a row that it shows, its title, its width in pixels, and how numbers are written."""

    field: str
    title: str
    width: int
    form: str = ""  # as d3 and Python both read it: ",d", ".3f"; empty for texts

    def text(self, row: dict[str, Any]) -> str:
        """Write the value of a row."""
        value = row.get(self.field)
        if self.form:
            return MISSING if value is None else format(value, self.form)
        return str(value or "")


def columns(runs: Sequence[Run]) -> list[Column]:
    """Return what every run has, then the metrics that some run has."""
    return [
        Column("id", "Run", 190),
        Column("status", "Status", 130),
        Column("arch", "Architecture", 150 if all(run.label == run.arch for run in runs) else 220),
        Column("task", "Task", 145),
        *([Column("note", "Note", 300)] if any(map(note, runs)) else []),
        Column("parameters", "Parameters", 140, ",d"),
        Column("step", "Step", 110, ",d"),
        *(Column(name, name, 128, ".3f") for name in main_metrics(runs)),
        Column("seed", "Seed", 90, "d"),
        Column("created", "Created", 160),
    ]


def rows(runs: Sequence[Run], everyone: Sequence[Run] | None = None) -> list[dict[str, Any]]:
    """Return a row for each run; colours are those that `everyone` shares, who are the runs themselves by default."""
    places = slots(run.arch for run in everyone or runs)
    return [
        {
            "id": run.id,
            "status": run.status,
            "arch": run.label,
            "colour": css_colour(places[run.arch]),
            "task": run.task,
            "parameters": run.parameters,
            "step": run.step,
            "seed": run.seed,
            "created": datetime.fromtimestamp(run.created).isoformat(" ", "minutes") if run.created else "",
            "note": note(run),
            **run.metrics,
        }
        for run in runs
    ]


def main_metrics(runs: Sequence[Run]) -> list[str]:
    """Name the metrics to list: validation and test results and the speed, the best known first."""
    names = {name for run in runs for name in run.metrics}
    wanted = [
        name for name in names if name.startswith(("val/", "test/")) or name.endswith("steps_per_second")
    ]
    return sorted(wanted, key=_rank)[:MAX_METRICS]


def count(runs: Sequence[Run]) -> str:
    """Say how many runs there are, and how many of them train."""
    training = sum(run.status == "running" for run in runs)
    return f"{len(runs):,} run{'s' * (len(runs) != 1)}" + (f", {training} training now" if training else "")


def _rank(name: str) -> tuple[int, str]:
    last = name.rpartition("/")[2]
    return (MAIN.index(last) if last in MAIN else len(MAIN), name)

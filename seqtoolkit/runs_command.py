"""`seqtoolkit runs RUNS_DIR`: the runs of a folder as one table. Imports no torch."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run, list_runs, read_probe

COLUMNS = (
    "run",
    "architecture",
    "status",
    "parameters",
    "PER %",
    "WER %",
    "recall",
    "horizon [95 %]",
    "steps/s",
)


def main(argv: list[str]) -> int:
    """Print a table, or JSON lines, of every run in a folder."""
    parser = argparse.ArgumentParser(prog="seqtoolkit runs", description=main.__doc__)
    parser.add_argument(
        "runs_dir", type=Path, nargs="?", default=Path("runs"), help="folder of runs (default: runs)"
    )
    parser.add_argument("--json", action="store_true", help="print run.json of each run, one a line")
    options = parser.parse_args(argv)
    try:
        runs = list_runs(options.runs_dir)
    except OSError as error:
        print(
            f"seqtoolkit runs: {error}; expected the folder that `seqtoolkit fit` wrote its runs to",
            file=sys.stderr,
        )
        return 2
    if options.json:
        print("".join(json.dumps({**run.record, "status": run.status}) + "\n" for run in runs), end="")
    else:
        print(table([COLUMNS, *map(row, runs)]))
    return 0


def row(run: Run) -> tuple[str, ...]:
    """Return the cells of one run; what it has not measured is a dash."""
    values = run.metrics
    horizon = next((str(r.horizon) for r in recall_records(run) if r.horizon), "-")
    count = "-" if run.parameters is None else f"{run.parameters:,}"
    shown = [(100, "test/per"), (100, "test/wer"), (1, "test/recall_accuracy")]
    measured = [f"{scale * values[name]:.3g}" if name in values else "-" for scale, name in shown]
    speed = f"{values['train/steps_per_second']:.1f}" if "train/steps_per_second" in values else "-"
    return (run.id, run.arch, run.status, count, *measured, horizon, speed)


def recall_records(run: Run) -> list[Record]:
    """Return the recall curves of a run's best checkpoint; none when the probe is missing or unreadable."""
    try:
        probe = read_probe(run.path, "best") or {}
        found = probe.get("records")
        records = [Record.from_dict(record) for record in found] if isinstance(found, list) else []
    except (OSError, ValueError):
        return []
    return [record for record in records if record.protocol == "recall"]


def table(rows: list[tuple[str, ...]]) -> str:
    """Align rows of cells under a header: texts to the left, columns that hold numbers to the right."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [any(cell[:1].isdigit() for cell in column[1:]) for column in columns]
    lines = []
    for cells in rows:
        parts = zip(cells, widths, right, strict=True)
        lines.append("  ".join(c.rjust(width) if r else c.ljust(width) for c, width, r in parts).rstrip())
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])

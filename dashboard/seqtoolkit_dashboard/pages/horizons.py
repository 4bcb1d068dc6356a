"""Retention as a table of horizons, and as a file of numbers."""

from __future__ import annotations

import csv
import io
from typing import Any

from dash import html

from seqtoolkit.files import is_number
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.pooled import Records, facets, twin

HEAD = (
    "Run",
    "Architecture",
    "Protocol",
    "Measured on",
    "Unit",
    "Seeds",
    "Horizon (steps)",
    "95 % interval",
    "Beyond the longest lag?",
    "Untrained twin",
    "And",
    "n for each lag",
)
_OPTIONAL = ("Measured on", "Seeds", "Untrained twin", "And")  # left out where no row has them
COLUMNS = (
    "run", "architecture", "checkpoint", "protocol", "unit", "measured", "untrained", "seed",
    "lag", "estimate", "lower", "upper", "null", "n",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so
_NONE = "–"
_FIGURES = {
    "capacity": "MC {}",
    "slope": "{} for each lag",
    "half_life": "half-life {}",
    "full_loss": "full loss {}",
}


def table(records: Records) -> Any:
    """Return the horizons, each with its interval, its censoring, that of the untrained twin, and the n behind it."""
    if not records:
        return None
    twins = {_key(run, record): record for run, record in records if twin(record)}
    trained = [(run, record) for run, record in records if not twin(record)]
    alone = set(twins) - {_key(run, record) for run, record in trained}
    trained += [(run, record) for run, record in records if twin(record) and _key(run, record) in alone]
    rows = [_row(run, record, twins.get(_key(run, record))) for run, record in trained]
    used = [i for i, name in enumerate(HEAD) if name not in _OPTIONAL or any(row[i] != _NONE for row in rows)]
    data = {
        "caption": "Horizons",
        "head": [HEAD[i] for i in used],
        "body": [[row[i] for i in used] for row in rows],
    }
    width = 100 * len(used)
    return html.Div(parts.table(data, width), className="card")


def numbers(records: Records, checkpoint: str) -> str:
    """Return every value of records as CSV, a line for each lag; texts that a spreadsheet would run are quoted."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    for run, record in records:
        what = " ".join(facets(record))
        texts = [run.id, run.label, checkpoint, record.protocol, record.unit, what]
        seed = "" if record.seed is None else record.seed
        same = [*map(_inert, texts), int(twin(record)), seed]
        columns = (record.lags, record.estimate, record.lower, record.upper, record.null, record.n)
        lines.writerows([*same, *values] for values in zip(*columns, strict=True))
    return out.getvalue()


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _key(run: Run, record: Record) -> tuple[object, ...]:
    return run.id, record.protocol, record.unit, *facets(record)


def _row(run: Run, record: Record, untrained: Record | None) -> list[str]:
    horizon, counts = record.horizon, sorted(set(record.n)) or [0]
    n = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    what = ", ".join(facets(record)) or _NONE
    first = [
        run.id,
        run.label + ", untrained" * twin(record),
        record.protocol,
        what,
        record.unit,
        _seeds(record),
    ]
    other = str(untrained.horizon) if untrained and untrained is not record and untrained.horizon else _NONE
    if horizon is None:
        return [*first, _NONE, _NONE, _NONE, other, _and(record), n]
    sign = "≥ " if horizon.censored else ""
    beyond = f"yes: above the threshold at every lag, up to {record.lags[-1]}" if horizon.censored else "no"
    interval = f"{horizon.lower} to {horizon.upper}" + (" or more" if horizon.upper_censored else "")
    return [*first, f"{sign}{horizon.estimate}", interval, beyond, other, _and(record), n]


def _seeds(record: Record) -> str:
    seeds = record.settings.get("seeds")
    found = seeds if isinstance(seeds, list) else [record.seed]
    return ", ".join(str(seed) for seed in found if is_number(seed))[:40] or _NONE


def _and(record: Record) -> str:
    """Return the one number, beside the horizon, that a protocol is known by."""
    found = ((words, record.settings.get(name)) for name, words in _FIGURES.items())
    return next((words.format(says) for words, value in found if (says := _interval(value))), _NONE)


def _interval(value: Any) -> str:
    """Write a number, or an estimate with its interval where it has one; empty for anything else."""
    if is_number(value):
        return f"{value:.3g}"
    if not isinstance(value, dict) or not is_number(value.get("estimate")):
        return ""
    lower, upper = value.get("lower"), value.get("upper")
    interval = f" [{lower:.3g}, {upper:.3g}]" if is_number(lower) and is_number(upper) else ""
    return f"{value['estimate']:.3g}{interval}"

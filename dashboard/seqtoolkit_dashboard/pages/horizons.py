"""Retention as a table of horizons, and what is missing there: untrained twins."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from dash import html

from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.pages import known_by, measured, parts, retained
from seqtoolkit_dashboard.pooled import Records, facets, pooled, twin

HEAD = (
    "Run",
    "Checkpoint",
    "Architecture",
    "Protocol",
    "Measured on",
    "Unit",
    "Seeds",
    "Horizon (steps)",
    "Interval",
    "Beyond the longest lag?",
    "Untrained twin",
    "And",
    "n for each lag",
)
_OPTIONAL = ("Measured on", "Seeds", "Untrained twin", "And", "Checkpoint")  # left out where no row has them
_NONE = "–"
_INTERVALS = "Intervals are 95 % intervals."
_HULLS = (
    " Where there are several seeds: the median horizon, the mean of the other numbers, and from the lowest to the"
    " highest limit of their 95 % intervals; in the files their seed is 'all'."
)


def table(records: Records, checkpoint: str, older: Collection[str]) -> Any:
    """Return the horizons, each with its interval, its censoring, that of the untrained twin, and the n behind it.

    Takes single records of a checkpoint (its stem), and joins their seeds. `older` names the runs whose records are of
    an older state of it.
    """
    if not records:
        return None
    known, shown = known_by.by_curve(records), pooled(records)
    twins = {_key(run, record): record for run, record in shown if twin(record)}
    trained = [(run, record) for run, record in shown if not twin(record)]
    alone = set(twins) - {_key(run, record) for run, record in trained}
    listed = trained + [(run, record) for run, record in shown if twin(record) and _key(run, record) in alone]
    rows = [
        [
            run.id,
            "older, replaced since" if run.id in older else _NONE,
            *_row(run, record, twins.get(_key(run, record)), known[known_by.curve(run, record)]),
        ]
        for run, record in listed
    ]
    told = _INTERVALS + (_HULLS if any(len(retained.seeds(record)) > 1 for _, record in listed) else "")
    lines = [told, *_untwinned([pair for pair in trained if _key(*pair) not in twins], checkpoint)]
    return html.Div([_drawn(rows), *(html.P(line, className="lead") for line in lines)], className="card")


def _drawn(rows: list[list[str]]) -> Any:
    used = [i for i, name in enumerate(HEAD) if name not in _OPTIONAL or any(row[i] != _NONE for row in rows)]
    data = {
        "caption": "Horizons",
        "head": [HEAD[i] for i in used],
        "body": [[row[i] for i in used] for row in rows],
    }
    return parts.table(data, 100 * len(used))


def _untwinned(records: Records, checkpoint: str) -> list[Any]:
    """Say which curves have no untrained twin to be compared with, and what measures that of the first run."""
    if not records:
        return []
    first = records[0][0]
    runs = list(dict.fromkeys(run.id for run, _ in records))
    own = [record for run, record in records if run is first]
    named = retained.protocols([record.protocol for record in own])
    part = " --part encoder" if all(record.settings.get("part") == "encoder" for record in own) else ""
    what = f"{', '.join(retained.protocols([record.protocol for _, record in records]))} of {', '.join(runs)}"
    typed = f"{measured.command(first.id, checkpoint)} --protocols {','.join(named)}{part}"
    return [[f"No untrained twin is stored for {what}. Measure it below, or by typing ", html.Code(typed)]]


def _key(run: Run, record: Record) -> tuple[object, ...]:
    return run.id, record.protocol, record.unit, *facets(record)


def _row(run: Run, record: Record, untrained: Record | None, known: known_by.Known | None) -> list[str]:
    horizon, counts = record.horizon, sorted(set(record.n)) or [0]
    n = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    first = [
        run.label + ", untrained" * twin(record),
        record.protocol,
        ", ".join(facets(record)) or _NONE,
        record.unit,
        ", ".join(map(str, retained.seeds(record)))[:40] or _NONE,
    ]
    other = str(untrained.horizon) if untrained and untrained is not record and untrained.horizon else _NONE
    also = _NONE if known is None else str(known)
    if horizon is None:
        return [*first, _NONE, _NONE, _NONE, other, also, n]
    sign = "≥ " if horizon.censored else ""
    interval = f"{horizon.lower} to {horizon.upper}" + (" or more" if horizon.upper_censored else "")
    return [
        *first,
        f"{sign}{horizon.estimate}",
        interval,
        _beyond(record) if horizon.censored else "no",
        other,
        also,
        n,
    ]


def _beyond(record: Record) -> str:
    """Say what a censored horizon means."""
    longest = record.lags[-1]
    if record.protocol == "truncation":
        return f"yes: no context is enough, up to {longest}"
    return f"yes: above the threshold at every lag, up to {longest}"

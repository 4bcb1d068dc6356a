"""The numbers of the Memory page as files: a line for each lag of a curve, and a line for each horizon."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from seqtoolkit.files import is_number
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.pages import cells, known_by, retained
from seqtoolkit_dashboard.pooled import Records, facets, pooled, twin

_WHOSE = ("run", "architecture", "checkpoint", "protocol", "unit", "measured", "untrained", "seed")
CURVES = (*_WHOSE, "lag", "estimate", "lower", "upper", "null", "n", "p_value", "of_older_checkpoint")
HORIZONS = (
    *_WHOSE, "horizon", "lower", "upper", "censored", "upper_censored",
    "quantity", "value", "value_lower", "value_upper", "n_least", "n_most", "of_older_checkpoint",
)  # fmt: skip
JOINED = "all"  # in place of a seed: the seeds of a curve joined, as it is drawn


def curves(records: Records, checkpoint: str, older: Collection[str]) -> str:
    """Return every value of single records as CSV, a line for each lag, and those of several seeds joined.

    `older` names the runs whose records are of an older state of the checkpoint.
    """
    rows = (
        [*_whose(run, record, checkpoint), *values, int(run.id in older)]
        for run, record in _with_joined(records)
        for values in _by_lag(record)
    )
    return cells.written(CURVES, rows)


def horizons(records: Records, checkpoint: str, older: Collection[str]) -> str:
    """Return the horizons as CSV, with interval and censoring, and the numbers that protocols are known by."""
    joined = known_by.by_curve(records)
    rows = (
        [
            *_whose(run, record, checkpoint),
            *_horizon(record),
            *_known(joined[known_by.curve(run, record)] if _is_joined(record) else known_by.known(record)),
            min(record.n, default=""),
            max(record.n, default=""),
            int(run.id in older),
        ]
        for run, record in _with_joined(records)
    )
    return cells.written(HORIZONS, rows)


def p_values(record: Record) -> list[float]:
    """Return the p-value of each lag where they are stored; else none."""
    found = record.settings.get("p_values")
    whole = isinstance(found, list) and len(found) == len(record.lags) and all(map(is_number, found))
    return list(found) if whole and found and not _is_joined(record) else []


def _with_joined(records: Records) -> list[tuple[Run, Record]]:
    return [*records, *(pair for pair in pooled(records) if _is_joined(pair[1]))]


def _is_joined(record: Record) -> bool:
    return len(retained.seeds(record)) > 1


def _whose(run: Run, record: Record, checkpoint: str) -> list[Any]:
    seed = JOINED if _is_joined(record) else "" if record.seed is None else record.seed
    what = " ".join(facets(record))
    return [run.id, run.label, checkpoint, record.protocol, record.unit, what, int(twin(record)), seed]


def _by_lag(record: Record) -> Iterator[tuple[Any, ...]]:
    tested: list[Any] = p_values(record) or [""] * len(record.lags)
    columns = (record.lags, record.estimate, record.lower, record.upper, record.null, record.n)
    return zip(*columns, tested, strict=True)


def _horizon(record: Record) -> list[Any]:
    found = record.horizon
    if found is None:
        return [""] * 5
    return [found.estimate, found.lower, found.upper, int(found.censored), int(found.upper_censored)]


def _known(found: known_by.Known | None) -> list[Any]:
    if found is None:
        return [""] * 4
    return [found.name, found.estimate, *(found.limits or ("", ""))]

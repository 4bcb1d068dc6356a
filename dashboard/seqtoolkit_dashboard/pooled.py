"""Records that differ in the seed of their measurement only, as one: what is drawn and listed of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from seqtoolkit.retention.comparison import pool
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run

Records = Sequence[tuple[Run, Record]]
_FACETS = ("part", "drive")


def pooled(records: Records) -> list[tuple[Run, Record]]:
    """Join the seeds of each measurement: the mean of the estimates, and an interval that holds that of each seed."""
    groups: dict[tuple[object, ...], list[tuple[Run, Record]]] = {}
    for run, record in records:
        kind = (run.id, record.protocol, record.unit, *facets(record), twin(record), tuple(record.lags))
        groups.setdefault(kind, []).append((run, record))
    return [(group[0][0], _joined([record for _, record in group])) for group in groups.values()]


def twin(record: Record) -> bool:
    """Say whether a record is of an untrained twin."""
    return record.settings.get("twin") is True


def facets(record: Record) -> list[str]:
    """Say what was measured: the part of the model, and the inputs."""
    found = (record.settings.get(name) for name in _FACETS)
    return [text[:40] for text in found if isinstance(text, str)]


def _joined(group: Sequence[Record]) -> Record:
    first = group[0]
    if len(group) == 1:
        return first
    horizons = [record.horizon for record in group if record.horizon is not None]
    return replace(
        first,
        estimate=[fmean(values) for values in zip(*(record.estimate for record in group), strict=True)],
        lower=[min(values) for values in zip(*(record.lower for record in group), strict=True)],
        upper=[max(values) for values in zip(*(record.upper for record in group), strict=True)],
        null=[fmean(values) for values in zip(*(record.null for record in group), strict=True)],
        horizon=pool(horizons) if horizons else None,
        seed=None,
        settings={**first.settings, "seeds": [record.seed for record in group]},
    )

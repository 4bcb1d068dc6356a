"""The one number, beside the horizon, that a protocol is known by: a memory capacity, a slope, a half-life, a loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from seqtoolkit.files import is_number
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.pooled import Records, facets, twin

_NAMES = ("capacity", "slope", "half_life", "full_loss")  # in the settings of a record
_SAYS = {
    "capacity": "MC {}",
    "slope": "{} for each lag",
    "half_life": "half-life {}",
    "full_loss": "full loss {}",
}


@dataclass(frozen=True)
class Known:
    """A number of a record, with its 95 % interval where it has one."""

    name: str
    estimate: float
    limits: tuple[float, float] | None = None

    def __str__(self) -> str:
        interval = "" if self.limits is None else " [{:.3g}, {:.3g}]".format(*self.limits)
        return _SAYS[self.name].format(f"{self.estimate:.3g}{interval}")


def known(record: Record) -> Known | None:
    """Return the number of a record; None where it has none that can be read."""
    found = (_read(name, record.settings.get(name)) for name in _NAMES)
    return next((one for one in found if one is not None), None)


def joined(records: Sequence[Record]) -> Known | None:
    """Join the numbers of the seeds of a measurement as their curves are: the mean, and the hull of the intervals."""
    found = [one for record in records if (one := known(record)) is not None]
    if not found:
        return None
    same = [one for one in found if one.name == found[0].name]
    limits = [one.limits for one in same if one.limits is not None]
    hull = (min(low for low, _ in limits), max(high for _, high in limits)) if limits else None
    return Known(found[0].name, fmean(one.estimate for one in same), hull)


def _read(name: str, value: Any) -> Known | None:
    """Read a number, or an estimate with its limits."""
    if is_number(value):
        return Known(name, value)
    if not isinstance(value, dict) or not is_number(value.get("estimate")):
        return None
    lower, upper = value.get("lower"), value.get("upper")
    return Known(name, value["estimate"], (lower, upper) if is_number(lower) and is_number(upper) else None)


def curve(run: Run, record: Record) -> tuple[object, ...]:
    """Name the curve that a record is of, whatever its seed."""
    return run.id, record.protocol, record.unit, *facets(record), twin(record), tuple(record.lags)


def by_curve(records: Records) -> dict[tuple[object, ...], Known | None]:
    """Return the number of each curve of single records, joined over its seeds."""
    groups = defaultdict[tuple[object, ...], list[Record]](list)
    for run, record in records:
        groups[curve(run, record)].append(record)
    return {name: joined(group) for name, group in groups.items()}

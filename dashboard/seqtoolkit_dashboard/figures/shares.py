"""Curves of different units on one axis: each as a share of the largest distance of its kind from its null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seqtoolkit.retention.record import Record
from seqtoolkit_dashboard.figures.memory_traces import Curve


def shares(curves: Sequence[Curve]) -> list[Curve]:
    """Scale the curves of each protocol and unit to shares of the largest distance of them all from their nulls."""
    groups = {(curve.record.protocol, curve.record.unit) for curve in curves}
    scaled = {
        group: [curve.record for curve in curves if (curve.record.protocol, curve.record.unit) == group]
        for group in groups
    }
    return [_share(curve, scaled[curve.record.protocol, curve.record.unit]) for curve in curves]


def _share(curve: Curve, group: Sequence[Record]) -> Curve:
    record = curve.record
    if record.unit.startswith("log10"):  # a logarithm has no zero to measure from; what it is of has
        top = max(value for one in group for value in one.estimate)
        columns = [
            [10 ** min(value - top, 3) for value in column]
            for column in (record.estimate, record.lower, record.upper, record.null)
        ]
    else:
        above = [e - n for one in group for e, n in zip(one.estimate, one.null, strict=True)]
        top = max(above, key=abs) or 1.0  # a loss is the larger the less is read: its share is positive too
        columns = [
            [(value - null) / top for value, null in zip(column, record.null, strict=True)]
            for column in (record.estimate, record.lower, record.upper, record.null)
        ]
        columns[1:3] = [[limit(pair) for pair in zip(*columns[1:3], strict=True)] for limit in (min, max)]
    estimate, lower, upper, null = columns
    scaled = replace(record, estimate=estimate, lower=lower, upper=upper, null=null)
    return replace(curve, record=scaled)

"""Every measure of answers by source length, with intervals: the records of a table of counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqtoolkit.data.pairing.scoring import ACCURACY, MEASURES, SCORER, Floats, Ints, Measure
from seqtoolkit.retention.bootstrap import RESAMPLES, length_bins, percentile_interval, resampled_sums
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.retention.statistics import wilson

_WILSON = "Wilson"
_BOOTSTRAP = "percentile bootstrap over sequences; where all or nothing is right, Wilson of that"


def length_records(lengths: Ints, table: Ints, settings: dict[str, Any]) -> list[LengthRecord]:
    """Return a record of each measure for answers to sources of `lengths` (N,), with their counts (N, 32)."""
    if not len(lengths):
        return []
    bins = length_bins(lengths)
    parts = [table, *(table[(low <= lengths) & (lengths <= high)] for low, high in bins)]
    sums = [resampled_sums(part) for part in parts]
    return [_record(measure, bins, parts, sums, settings) for measure in MEASURES]


def _record(
    measure: Measure,
    bins: list[tuple[int, int]],
    parts: list[Ints],
    sums: list[Floats],
    settings: dict[str, Any],
) -> LengthRecord:
    values = [interval(measure, part, resampled) for part, resampled in zip(parts, sums, strict=True)]
    (overall, low, high), curve = values[0], values[1:]
    estimate, lower, upper = (list(column) for column in zip(*curve, strict=True))
    how = {"interval": _WILSON} if measure is ACCURACY else {"interval": _BOOTSTRAP, "resamples": RESAMPLES}
    by = {"scorer": SCORER} if measure.name in ("chrf", "bleu") else {}
    return LengthRecord(
        measure=measure.name,
        unit=measure.unit,
        low=[shortest for shortest, _ in bins],
        high=[longest for _, longest in bins],
        estimate=estimate,
        lower=lower,
        upper=upper,
        n=[len(part) for part in parts[1:]],
        settings={
            **settings,
            **how,
            **by,
            "overall": {"estimate": overall, "lower": low, "upper": high, "n": len(parts[0])},
        },
    )


def interval(measure: Measure, part: Ints, resampled: Floats) -> tuple[float, float, float]:
    """Return the estimate of a measure over some answers, and its 95 % interval.

    Resampling answers that are all right gives right answers only, an interval of no width; so it is with answers of
    which nothing is right. The share of such answers is then bounded by Wilson, and the measure by what it would be
    if the others were the opposite.
    """
    total = part.sum(0)
    estimate = float(measure(total[None].astype(np.float64))[0])
    right, n = int(total[0]), int(total[1])
    low, high = wilson(right, n)
    if measure is ACCURACY:
        return estimate, low, high
    if right == n or estimate == measure.worst:
        least, _ = wilson(n, n)
        ends = (measure.perfect, measure.worst) if right == n else (measure.worst, measure.perfect)
        bound = ends[0] + (1 - least) * (ends[1] - ends[0])
        return estimate, min(bound, estimate), max(bound, estimate)
    return estimate, *percentile_interval(estimate, measure(resampled))

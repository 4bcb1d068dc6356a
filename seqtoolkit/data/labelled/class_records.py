"""The measures of a classification with their intervals, beside a baseline that knows the training classes only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.intervals import interval, skill_interval
from seqtoolkit.quality import Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums
from seqtoolkit.retention.statistics import wilson

Floats = NDArray[np.float64]
Counts = NDArray[Any]  # (..., C, C) how often each class (row) was taken for each (column)
PAIRED = "percentile bootstrap over sequences, paired with the baseline"


def class_records(
    confusion: Counts, truth: Counts, losses: Floats, classes: Sequence[str], class_counts: Sequence[int]
) -> list[Quality]:
    """Return the accuracy, macro F1 and loss of N sequences, N at least 1.

    The baseline of the first two always answers the class that is most frequent in training, that of the loss gives
    each class its share of the training sequences (with one more of each, so that none is impossible).

    Args:
        confusion: (C, C).
        truth: (N,) classes.
        losses: (N,) in nats.
        classes: C names.
        class_counts: (C,) training sequences of each.
    """
    majority = int(np.argmax(class_counts))
    # To draw N of N pairs of truth and answer is to draw once from the multinomial of their counts.
    n = int(confusion.sum())
    draws = np.random.default_rng(0).multinomial(n, confusion.ravel() / n, RESAMPLES)
    ours = np.concatenate([confusion[None], draws.reshape(-1, *confusion.shape)])  # the data first
    base = np.zeros_like(ours)
    base[..., majority] = ours.sum(-1)
    settings = {"baseline_class": classes[majority], "resamples": RESAMPLES, "skill_interval": PAIRED}
    low, high = wilson(int(confusion.trace()), n)
    hits, f1 = _accuracy(ours), _macro_f1(ours)
    accuracy: dict[str, Any] = {
        "estimate": float(hits[0]),
        "lower": min(low, float(hits[0])),
        "upper": max(high, float(hits[0])),
    }
    shares: dict[str, Any] = {"unit": "share", "higher_is_better": True, "n": n, "baseline": "majority class"}
    return [
        Quality(
            measure="accuracy",
            **shares,
            **accuracy,
            **_skill(hits, _accuracy(base)),
            settings={"interval": "Wilson", **settings},
        ),
        Quality(
            measure="macro_f1",
            **shares,
            **interval(f1),
            **_skill(f1, _macro_f1(base)),
            settings={"interval": PAIRED, **settings},
        ),
        _loss(losses, truth, np.asarray(class_counts) + 1),
    ]


def _loss(losses: Floats, truth: Counts, class_counts: Counts) -> Quality:
    base = -np.log(class_counts / class_counts.sum())[truth]
    table = np.stack([losses, base], 1)
    sums = np.concatenate([table.sum(0, keepdims=True), resampled_sums(table)])
    return Quality(
        measure="loss",
        unit="nats",
        higher_is_better=False,
        n=len(losses),
        **interval(sums[:, 0] / len(losses)),
        baseline="class frequencies",
        baseline_estimate=float(base.mean()),
        **skill_interval(1 - sums[:, 0] / sums[:, 1]),
        settings={"interval": PAIRED, "resamples": RESAMPLES},
    )


def _skill(ours: Floats, base: Floats) -> dict[str, Any]:
    """Compare shares of which 1 is perfect; where the baseline is perfect, there is nothing to win."""
    room = 1 - base
    skill = np.divide(ours - base, room, out=np.zeros_like(ours), where=room > 0)
    return {"baseline_estimate": float(base[0]), **skill_interval(skill)}


def _accuracy(confusion: Counts) -> Floats:
    return np.asarray(np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum((-2, -1)), np.float64)


def _macro_f1(confusion: Counts) -> Floats:
    """Average F1 = 2 TP / (2 TP + FP + FN) over the classes that occur, as truth or as answer."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    both = confusion.sum(-1) + confusion.sum(-2)
    f1 = np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)
    return np.asarray(f1.sum(-1) / (both > 0).sum(-1), np.float64)

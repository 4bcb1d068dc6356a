"""Intervals of measures of answers cover what many answers give, and never claim certainty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seqtoolkit.data.pairing.length_curves import interval
from seqtoolkit.data.pairing.scoring import MEASURES
from seqtoolkit.retention.bootstrap import resampled_sums
from seqtoolkit.retention.statistics import wilson
from tests.data.answers_made import table_of, value


@pytest.mark.parametrize("measure", MEASURES[1:])
def test_intervals_cover_what_many_answers_give(measure: Any) -> None:
    """100 samples of 60 answers; the truth is the value of 20,000. A percentile interval reaches about 93 %."""
    random = np.random.default_rng(0)
    kinds = table_of(
        [
            ("\1\2\3\4\1", ["\1\2\3\4\1"]),
            ("\1\2\3", ["\1\2\4"]),
            ("\1\2\3\4\1\2", ["\1\2\3\4\4\4\2"]),
            ("", ["\1\2"]),
            ("\3\4\3\4", ["\3\4\3\4"]),
        ]
    )
    share = [0.35, 0.2, 0.2, 0.05, 0.2]
    truth = value(measure, kinds[random.choice(5, 20_000, p=share)])
    covered = 0
    for _ in range(100):
        table = kinds[random.choice(5, 60, p=share)]
        _, low, high = interval(measure, table, resampled_sums(table, 200))
        covered += low <= truth <= high
    assert 0.88 <= covered / 100 <= 0.99


@pytest.mark.parametrize("measure", MEASURES)
def test_nothing_right_is_not_certainty(measure: Any) -> None:
    table = table_of([("\1\2\3", ["\4\4\4"])] * 40)
    estimate, low, high = interval(measure, table, resampled_sums(table))
    assert estimate == measure.worst
    assert low < high
    assert estimate in (low, high)


@pytest.mark.parametrize("measure", MEASURES)
def test_all_right_is_not_certainty(measure: Any) -> None:
    """50 right answers of 50: resampling knows nothing of wrong ones, so the interval is Wilson's."""
    table = table_of([("\1\2\3\4", ["\1\2\3\4"])] * 50)
    estimate, low, high = interval(measure, table, resampled_sums(table))
    assert estimate == measure.perfect
    assert high - low == pytest.approx(abs(measure.worst - measure.perfect) * (1 - wilson(50, 50)[0]))

"""Holm's correction equals the worked example and the step-down procedure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.statistics import holm


def test_holm_equals_the_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )  # R: p.adjust(..., "holm")
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.2))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float], alpha: float) -> None:
    ascending = sorted(p_values)
    steps = [p * (len(ascending) - rank) <= alpha for rank, p in enumerate(ascending)]
    rejected = [*steps, False].index(False)
    adjusted = holm(p_values)
    assert sorted(adjusted)[:rejected] == [value for value in sorted(adjusted) if value <= alpha]
    assert all(raw <= value <= 1 for raw, value in zip(p_values, adjusted, strict=True))


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=9).flatmap(
        lambda p: st.tuples(st.just(p), st.permutations(p))
    )
)
def test_holm_does_not_depend_on_order(lists: tuple[list[float], list[float]]) -> None:
    assert sorted(holm(lists[0])) == sorted(holm(lists[1]))

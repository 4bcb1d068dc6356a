"""Student's t equals published values, and its tails add up and fall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.student import t_quantile, t_tail


@pytest.mark.parametrize(
    ("probability", "dof", "t"),  # Abramowitz & Stegun (1964), table 26.10
    [(0.975, 1, 12.706), (0.975, 2, 4.303), (0.975, 3, 3.182), (0.9, 10, 1.372), (0.995, 29, 2.756)],
)
def test_student_equals_published_values(probability: float, dof: int, t: float) -> None:
    assert t_quantile(probability, dof) == pytest.approx(t, abs=5e-4)
    assert float(t_tail(t, dof)) == pytest.approx(1 - probability, abs=1e-4)


@given(st.integers(1, 400), st.floats(0, 30))
def test_the_tails_of_student_add_up_and_fall(dof: int, t: float) -> None:
    here, there, further = t_tail([t, -t, t + 1], dof)
    assert here + there == pytest.approx(1, abs=1e-12)
    assert further < here or here < 1e-12
    assert t_tail([np.inf, -np.inf], dof).tolist() == pytest.approx([0, 1])

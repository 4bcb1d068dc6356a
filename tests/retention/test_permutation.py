"""Sign flips have the promised level, and are exact for few rows."""

from __future__ import annotations

import numpy as np
import pytest

from seqtoolkit.retention.permutation import sign_flip


def test_sign_flips_have_the_promised_level() -> None:
    random = np.random.default_rng(0)
    p_values = sign_flip(random.standard_normal((40, 2_000)), flips=499)
    for level in (0.05, 0.2, 0.5):
        assert np.mean(p_values <= level) == pytest.approx(level, abs=0.03)


def test_sign_flips_of_few_rows_are_exact() -> None:
    found = sign_flip(np.array([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [3.0, 0.0, -3.0]]), flips=20_000)
    np.testing.assert_allclose(found, [1 / 8, 1, 1], atol=0.01)

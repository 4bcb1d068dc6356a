"""What is held out of labelled series depends on the series and the seed alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.data.labelled.holdout import hold_out
from tests.data.labelled_made import drawn


@settings(max_examples=30)
@given(st.integers(2, 30), st.floats(0.05, 0.95), st.integers(0, 9))
def test_what_is_held_out_depends_on_the_series_alone(n: int, share: float, seed: int) -> None:
    found = drawn(n, seed)
    order = np.random.default_rng(seed).permutation(n)
    assert isinstance(found.labels, tuple)
    if all(found.labels.count(name) == 1 for name in found.labels):
        with pytest.raises(
            ValueError, match=r"x.ts: \d sequences are too few to keep a share of .* --data.val FILE"
        ):
            hold_out(found, share, seed)
        return
    train, val = hold_out(found, share, seed)
    assert sorted([*train, *val]) == list(range(n))
    other = found.take(order)
    kept = {other.series(row).tobytes() for row in hold_out(other, share, seed)[1]}
    assert kept == {found.series(row).tobytes() for row in val}
    for name in set(found.labels):
        count = found.labels.count(name)
        held = sum(found.labels[row] == name for row in val)
        assert held == min(count - 1, max(1, round(count * share)))


def test_another_seed_holds_out_others() -> None:
    assert hold_out(drawn(), 0.3, 0)[1].tolist() != hold_out(drawn(), 0.3, 1)[1].tolist()
    with pytest.raises(ValueError, match=r"val_share is 1; expected more than 0 and less than 1"):
        hold_out(drawn(), 1, 0)

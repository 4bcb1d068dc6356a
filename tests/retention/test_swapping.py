"""Starting from a kept state equals reading all again, and costs less."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.influence import influence
from seqtoolkit.retention.shared import backs, shared
from seqtoolkit.retention.swapping import Run, cuts
from seqtoolkit.retention.view import View, view
from tests.retention.fresh import ARCHITECTURES, N, model, views


@torch.no_grad()
def by_definition(seen: View, inputs: torch.Tensor, lag: int, back: int = 0) -> torch.Tensor:
    """Swap neighbours' inputs, read all of it again, and compare the predictions so many steps before the last."""
    inputs = inputs[:, : inputs.shape[1] - back]
    at = inputs.shape[1] - 1 - lag
    changed = inputs.clone()
    changed[0::2, at], changed[1::2, at] = inputs[1::2, at], inputs[0::2, at]
    p, q = (seen.head(seen.features(seen.embed(x))[:, -1]) for x in (inputs, changed))
    assert p is not None
    assert q is not None
    p, q = p.double().log_softmax(-1), q.double().log_softmax(-1)
    return (p.exp() * (p - q)).sum(-1)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_starting_from_a_state_equals_reading_all_again(arch: str) -> None:
    lags = [0, 1, 2, 3, 7, 12, 17, 39]
    for seen in views(arch):
        inputs = drive(seen, 6, 40, 0)
        with torch.inference_mode():
            run = Run(seen, seen.embed(inputs), cuts(39, 40))
            for lag in lags:
                expected = by_definition(seen, inputs, lag)
                torch.testing.assert_close(run.influence([lag]).squeeze(1), expected, rtol=1e-2, atol=1e-7)
            assert (run.future() == 0).all()
        assert float(expected.max()) < float(by_definition(seen, inputs, 0).max())


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_lags_that_share_a_change_are_each_as_far_from_it_as_they_say(arch: str) -> None:
    for seen in views(arch):
        inputs = drive(seen, 6, 40, 0)
        with torch.inference_mode():
            run = Run(seen, seen.embed(inputs), cuts(39, 40))
            for group in ([0, 1, 2, 7], [11, 12, 18], [39]):
                moved = run.influence(group)
                expected = [by_definition(seen, inputs, lag, group[-1] - lag) for lag in group]
                torch.testing.assert_close(moved, torch.stack(expected, 1), rtol=1e-2, atol=1e-7)


@given(st.sets(st.integers(0, 300), min_size=1), st.integers(1, 20))
def test_groups_hold_every_lag_and_none_is_wider_than_can_be_read(drawn: set[int], span: int) -> None:
    groups = shared(sorted(drawn), span)
    assert [lag for group in groups for lag in group] == sorted(drawn)
    assert all(0 <= back < span for group in groups for back in backs(group))
    assert all(later[0] - group[0] >= span for group, later in pairwise(groups))  # no group too many


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_all_lags_cost_less_than_a_forward_each(arch: str) -> None:
    seen = view(model(arch))
    lags = list(range(1, 33))
    (record,) = influence(seen, drive(seen, N, 64, 0), lags)
    assert record.settings["forwards"] <= len(lags) / 8 + 2


def test_what_has_been_forgotten_ends_early() -> None:
    """Once the whole state is that of the unchanged run, nothing later is computed."""
    torch.manual_seed(0)
    forgets = view(model("attention", num_layers=1, arch_config={"window": 2}))
    whole = view(model("attention", num_layers=1))
    inputs = drive(whole, N, 128, 0)
    early, late = (
        influence(seen, inputs, [32, 64, 126])[0].settings["forwards"] for seen in (forgets, whole)
    )
    assert early - 1 < 0.7 * (late - 1)


@given(
    st.integers(1, 300).flatmap(lambda t: st.tuples(st.just(t), st.integers(0, t - 1), st.integers(0, t - 1)))
)
def test_states_are_kept_near_every_lag(drawn: tuple[int, int, int]) -> None:
    steps, lag, longest = drawn[0], min(drawn[1:]), max(drawn[1:])
    kept = cuts(longest, steps)
    assert kept == sorted(set(kept))
    assert kept[0] == 0
    assert len(kept) <= 2 + 2 * math.log2(steps)
    start = max(cut for cut in kept if cut <= steps - 1 - lag)
    assert steps - 1 - start <= max(1.5 * lag, 16) or start == 0

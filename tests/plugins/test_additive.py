"""Additive attention is the formula of Bahdanau, Cho & Bengio (2014), and bounds the memory of its network."""

from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from seqtoolkit_plugins import additive, concat
from seqtoolkit_plugins.additive import Additive
from seqtoolkit_plugins.concat import Concat

from tests.plugins.literal import (
    MASK,
    B,
    D,
    Q,
    S,
    T,
    assert_equals,
    assert_trains_under_autocast,
    inputs,
    look,
)

NETWORKS = pytest.mark.parametrize(("module", "build"), [(additive, Additive), (concat, Concat)])


@pytest.mark.parametrize("hidden", [None, 1, 9])
def test_equals_the_formula_forward_and_backward(hidden):
    attention, (query, source) = Additive(Q, D, hidden).double(), inputs()

    def score(q, h):
        return attention.score.weight[0] @ (attention.query.weight @ q + attention.key.weight @ h).tanh()

    assert_equals(attention, query, source, *look(score, query, source))


def test_the_network_is_as_wide_as_the_queries_unless_told_otherwise():
    assert Additive(Q, D).prepare(torch.zeros(B, 2, D))["key"].shape == (B, 2, Q)
    assert Additive(Q, D, hidden=3).prepare(torch.zeros(B, 2, D))["key"].shape == (B, 2, 3)


@NETWORKS
@given(bound=st.integers(1, T * B * S * Q))  # from less than one query, which is the least, to all of them
def test_blocks_change_nothing_forward_or_backward(module, build, bound):
    attention, (query, source) = build(Q, D).double(), inputs()
    context, weights = attention(query, attention.prepare(source), MASK)
    with patch.object(module, "BLOCK", bound):
        assert_equals(attention, query, source, context, weights)


@NETWORKS
@pytest.mark.parametrize("queries", [1, 2, 4])
def test_memory_is_bounded_by_the_block_also_in_training(module, build, queries, monkeypatch):
    attention, (query, source) = build(Q, D).double(), inputs()
    bound = queries * B * S * Q
    monkeypatch.setattr(module, "BLOCK", bound)
    made, kept = [], []

    def energy(*parts, inner=module._energy):
        made.append(parts[0].shape[1] * parts[1].numel())
        return inner(*parts)

    monkeypatch.setattr(module, "_energy", energy)
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.dim()) or x, lambda x: x):
        context, _ = attention(query, attention.prepare(source), MASK)
    assert max(made) == bound
    assert max(kept) < 4  # nothing of shape (B, T, S, A)
    before = len(made)
    context.sum().backward()
    assert len(made) == 2 * before  # each block once more


@NETWORKS
def test_a_network_without_width_is_refused(module, build):
    with pytest.raises(ValueError, match=r"hidden=0, .*: choose 1 or more, or null"):
        build(Q, D, hidden=0)


@NETWORKS
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_under_cpu_autocast(module, build, dtype, monkeypatch):
    assert_trains_under_autocast(build(Q, D), dtype)
    monkeypatch.setattr(module, "BLOCK", 1)
    assert_trains_under_autocast(build(Q, D), dtype)

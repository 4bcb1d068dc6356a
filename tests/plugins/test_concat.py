"""Concat attention is the formula of Luong, Pham & Manning (2015), and the additive one with its matrices joined."""

import pytest
import torch
from seqtoolkit_plugins.additive import Additive
from seqtoolkit_plugins.concat import Concat

from tests.plugins.literal import MASK, D, Q, assert_equals, inputs, look


@pytest.mark.parametrize("hidden", [None, 1, 9])
def test_equals_the_formula_forward_and_backward(hidden):
    attention, (query, source) = Concat(Q, D, hidden).double(), inputs()

    def score(q, h):
        return attention.score.weight[0] @ (attention.joint.weight @ torch.cat([q, h])).tanh()

    assert_equals(attention, query, source, *look(score, query, source))


def test_can_express_what_additive_attention_does():
    one, other = Additive(Q, D).double(), Concat(Q, D).double()
    joint = torch.cat([one.query.weight, one.key.weight], 1)
    other.load_state_dict({"joint.weight": joint, "score.weight": one.score.weight})
    query, source = inputs()
    found, expected = (each(query, each.prepare(source), MASK) for each in (other, one))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)

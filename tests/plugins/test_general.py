"""General attention is the formula of Luong, Pham & Manning (2015), and dot attention where W is the identity."""

import pytest
import torch
from seqtoolkit_plugins.dot import Dot
from seqtoolkit_plugins.general import General
from torch import nn

from tests.plugins.literal import MASK, D, Q, assert_equals, assert_trains_under_autocast, inputs, look


def test_equals_the_formula_forward_and_backward():
    attention, (query, source) = General(Q, D).double(), inputs()
    score = look(lambda q, h: q @ attention.key.weight @ h, query, source)
    assert_equals(attention, query, source, *score)


def test_with_the_identity_it_is_dot_attention():
    general, dot, (query, source) = General(D, D).double(), Dot(D, D), inputs(D)
    nn.init.eye_(general.key.weight)
    found = general(query, general.prepare(source), MASK)
    torch.testing.assert_close(found, dot(query, dot.prepare(source), MASK), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_under_cpu_autocast(dtype):
    assert_trains_under_autocast(General(Q, D), dtype)

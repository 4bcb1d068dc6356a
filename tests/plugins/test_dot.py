"""Dot attention is the formula of Luong, Pham & Manning (2015), and unscaled scaled_dot_product_attention."""

import pytest
import torch
from seqtoolkit_plugins.dot import Dot
from torch.nn.functional import scaled_dot_product_attention

from tests.plugins.literal import MASK, D, assert_equals, assert_trains_under_autocast, inputs, look


def test_equals_the_formula_forward_and_backward():
    query, source = inputs(D)
    assert_equals(Dot(D, D), query, source, *look(torch.dot, query, source))


def test_equals_torch_forward_and_backward():
    query, source = inputs(D)
    context, weights = Dot(D, D)(query, source, MASK)
    expected = scaled_dot_product_attention(query, source, source, attn_mask=MASK.unsqueeze(1), scale=1.0)
    torch.testing.assert_close(context, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(weights.squeeze(1) @ source, expected, rtol=0, atol=1e-12)
    found = torch.autograd.grad(context.sin().sum(), [query, source])
    wanted = torch.autograd.grad(expected.sin().sum(), [query, source])
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-11)


def test_unequal_widths_are_refused_with_what_to_use_instead():
    told = r"d_query=6 is not d_source=8: make the widths equal, or choose `general`"
    with pytest.raises(ValueError, match=told):
        Dot(6, 8)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_under_cpu_autocast(dtype):
    assert_trains_under_autocast(Dot(D, D), dtype)

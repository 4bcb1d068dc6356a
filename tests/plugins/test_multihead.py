"""Multi-head attention is torch's, by its function at any widths and by its module at equal ones."""

import math

import pytest
import torch
from seqtoolkit_plugins.multihead import MultiHead
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from tests.plugins.literal import MASK, D, Q, assert_equals, assert_trains_under_autocast, inputs


def heads(x, count):
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


@pytest.mark.parametrize("num_heads", [1, 2, 8])
def test_equals_scaled_dot_product_attention_forward_and_backward(num_heads):
    attention, (query, source) = MultiHead(Q, D, num_heads).double(), inputs()
    layers = (attention.query, query), (attention.key, source), (attention.value, source)
    q, k, v = (heads(layer(x), num_heads) for layer, x in layers)
    expected = scaled_dot_product_attention(q, k, v, attn_mask=MASK[:, None, None])
    seen = (q @ k.mT / math.sqrt(D // num_heads)).masked_fill(~MASK[:, None, None], -torch.inf)
    context = attention.out(expected.transpose(1, 2).flatten(2))
    assert_equals(attention, query, source, context, seen.softmax(-1))


@pytest.mark.parametrize("num_heads", [1, 2, 8])
def test_equals_the_module_of_torch_with_the_same_weights_forward_and_backward(num_heads):
    attention, (query, source) = MultiHead(D, D, num_heads).double(), inputs(D)
    reference = nn.MultiheadAttention(D, num_heads, bias=False, batch_first=True).double()
    parts = [layer.weight for layer in (attention.query, attention.key, attention.value)]
    reference.load_state_dict(
        {"in_proj_weight": torch.cat(parts), "out_proj.weight": attention.out.weight}, strict=True
    )
    found = attention(query, attention.prepare(source), MASK)
    expected = reference(query, source, source, key_padding_mask=~MASK, average_attn_weights=False)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    got = torch.autograd.grad(found[0].sin().sum(), [query, source, *parts, attention.out.weight])
    learned = [query, source, reference.in_proj_weight, reference.out_proj.weight]
    wanted = torch.autograd.grad(expected[0].sin().sum(), learned)
    joined = (*got[:2], torch.cat(got[2:5]), got[5])
    torch.testing.assert_close(joined, wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize("num_heads", [0, 3, 16])
def test_heads_that_do_not_divide_are_refused_with_those_that_do(num_heads):
    told = rf"num_heads={num_heads} does not divide d_source=8 .*: choose num_heads from \[1, 2, 4, 8\]"
    with pytest.raises(ValueError, match=told):
        MultiHead(Q, D, num_heads)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_under_cpu_autocast(dtype):
    assert_trains_under_autocast(MultiHead(Q, D), dtype)

"""Attention is softmax(q k / sqrt(E)) v under a causal mask, positions being rotations, however computed."""

import math

import pytest
import torch
from seqtoolkit_plugins import attention
from seqtoolkit_plugins.attention import Attention, rotate
from torch.nn.functional import scaled_dot_product_attention

B, T, D = 3, 40, 16


def literal(mixer: Attention, x: torch.Tensor) -> torch.Tensor:
    """The formula of the paper with a full mask and no cache."""
    heads = [
        layer(x).unflatten(-1, (mixer.num_heads, -1)).transpose(1, 2) for layer in (mixer.query, mixer.key)
    ]
    value = mixer.value(x).unflatten(-1, (mixer.num_heads, -1)).transpose(1, 2)
    query, key = (complex_rotation(part) for part in heads)
    lag = torch.arange(x.shape[1])[:, None] - torch.arange(x.shape[1])
    seen = (lag >= 0) & (lag < (mixer.window or x.shape[1]))
    scores = (query @ key.mT / math.sqrt(query.shape[-1])).masked_fill(~seen, -torch.inf)
    return mixer.out((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))


def complex_rotation(x: torch.Tensor, start: int = 0) -> torch.Tensor:
    """Rotary positions as the paper writes them: channel pairs are complex numbers that positions turn."""
    steps, width = x.shape[-2:]
    theta = 10_000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angle = torch.arange(start, start + steps, dtype=torch.float64)[:, None] * theta
    turned = torch.view_as_complex(x.double().unflatten(-1, (-1, 2))) * torch.polar(
        torch.ones_like(angle), angle
    )
    return torch.view_as_real(turned).flatten(-2).to(x.dtype)


def build(**options) -> tuple[Attention, torch.Tensor]:
    torch.manual_seed(0)
    return Attention(D, **options).double(), torch.randn(B, T, D, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("window", [None, 1, 7, T, 1000])
@pytest.mark.parametrize("num_heads", [1, 4, 8])
def test_equals_the_formula_forward_and_backward(num_heads, window):
    mixer, x = build(num_heads=num_heads, window=window)
    out, expected = mixer(x)[0], literal(mixer, x)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)
    found = torch.autograd.grad(out.sin().sum(), [x, *mixer.parameters()])
    wanted = torch.autograd.grad(expected.sin().sum(), [x, *mixer.parameters()])
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize("window", [None, 3, 7])
def test_blocks_change_nothing(window, monkeypatch):
    monkeypatch.setattr(attention, "BLOCK", 5)
    mixer, x = build(window=window)
    first, state = mixer(x[:, :17])
    pieces = torch.cat([first, mixer(x[:, 17:], state)[0]], 1)
    torch.testing.assert_close(pieces, literal(mixer, x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("start", [0, 5, 1_000_000])
def test_rotation_is_a_product_of_complex_numbers(start):
    x = torch.randn(B, 2, T, 6)
    time = torch.arange(start, start + T).expand(B, -1)
    torch.testing.assert_close(rotate(x, time), complex_rotation(x, start), rtol=0, atol=1e-6)


def test_scores_depend_on_the_distance_alone_even_after_a_million_steps():
    query, key = torch.randn(1, 1, T, 8), torch.randn(1, 1, T, 8)
    near, far = torch.arange(T).unsqueeze(0), torch.arange(1_000_000, 1_000_000 + T).unsqueeze(0)
    scores = rotate(query, near) @ rotate(key, near).mT
    torch.testing.assert_close(rotate(query, far) @ rotate(key, far).mT, scores, rtol=0, atol=1e-5)


@pytest.mark.parametrize("window", [None, 7])
@pytest.mark.parametrize("cut", [0, 25])
def test_trace_reproduces_the_forward(window, cut):
    mixer, x = build(window=window)
    state = mixer(x[:, :cut])[1] if cut else None
    traced = mixer.trace(x[:, cut:], state)
    query, key, reach = traced["query"], traced["key"], traced["reach"]
    value = mixer.value(x).unflatten(-1, (mixer.num_heads, -1)).transpose(1, 2)[:, :, -key.shape[2] :]
    at = torch.arange(key.shape[2] - query.shape[2], key.shape[2])
    lag = at[:, None] - torch.arange(key.shape[2])
    seen = (lag >= 0) & (lag < reach[:, None, :, None])
    weights = (query @ key.mT / math.sqrt(query.shape[-1])).masked_fill(~seen, -torch.inf).softmax(-1)
    out = mixer.out((weights @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(out, mixer(x)[0][:, cut:], rtol=0, atol=1e-12)


def test_without_a_window_it_is_the_fused_kernel_bit_for_bit():
    mixer, x = build()
    mixer, x = mixer.float(), x.float()
    query, key, value, _ = mixer._project(x, None)
    expected = scaled_dot_product_attention(query, key, value, is_causal=True)
    assert torch.equal(mixer(x)[0], mixer.out(expected.transpose(1, 2).flatten(2)))


def test_a_window_forgets_exactly():
    mixer, x = build(window=5)
    row = mixer(x)[0][0, 30].sum()
    gradient = torch.autograd.grad(row, x)[0][0].abs().sum(-1)
    assert (gradient > 0).nonzero().flatten().tolist() == [26, 27, 28, 29, 30]


def test_a_window_keeps_one_key_less_than_it_sees():
    mixer, x = build(window=5)
    _, state = mixer(x)
    assert state["key"].shape[2] == state["value"].shape[2] == 4
    assert state["position"].tolist() == [T] * B


def test_rows_of_different_ages_continue_together():
    mixer, x = build(window=5)
    old, young = mixer(x[:1, :30])[1], mixer(x[1:2, :10])[1]
    state = {name: torch.cat([old[name], young[name]]) for name in old}
    together = mixer(torch.stack([x[0, 30:35], x[1, 10:15]]), state)[0]
    expected = torch.stack([mixer(x)[0][0, 30:35], mixer(x)[0][1, 10:15]])
    torch.testing.assert_close(together, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", [{"d_model": 10}, {"d_model": 12}, {"d_model": 16, "num_heads": 16}])
def test_heads_that_do_not_divide_are_refused_with_those_that_do(options):
    with pytest.raises(
        ValueError, match=rf"num_heads=\d+ does not divide d_model={options['d_model']}"
    ) as caught:
        Attention(**options)
    fits = [int(word) for word in str(caught.value).split("[")[1].rstrip("]").split(",")]
    for heads in fits:
        Attention(options["d_model"], num_heads=heads)


@pytest.mark.parametrize(
    ("options", "told"), [({"d_model": 7}, "even d_model"), ({"d_model": 8, "window": 0}, "1 or more")]
)
def test_impossible_options_are_refused(options, told):
    with pytest.raises(ValueError, match=told):
        Attention(**options)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("window", [None, 5])
def test_trains_under_cpu_autocast(dtype, window):
    mixer, x = Attention(D, window=window), torch.randn(B, T, D)
    with torch.autocast("cpu", dtype):
        out, state = mixer(x)
        more, _ = mixer(x.to(dtype), state)
    (out.float().sum() + more.float().sum()).backward()
    torch.testing.assert_close(out.float(), mixer(x)[0], rtol=0, atol=0.05)
    assert all(p.grad.isfinite().all() for p in mixer.parameters())


def test_a_window_over_16k_tokens_never_forms_the_whole_map(monkeypatch):
    largest = []

    def watched(*args, attn_mask=None, **kwargs):
        largest.append(attn_mask.numel())
        return scaled_dot_product_attention(*args, attn_mask=attn_mask, **kwargs)

    monkeypatch.setattr(attention, "scaled_dot_product_attention", watched)
    with torch.no_grad():
        Attention(8, num_heads=1, window=128)(torch.randn(1, 16_384, 8))
    assert max(largest) <= attention.BLOCK * (attention.BLOCK + 128)

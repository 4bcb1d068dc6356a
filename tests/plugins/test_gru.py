"""The GRU is torch.nn.GRU, and its trace is what the cells of a step-by-step GRU do."""

import pytest
import torch
from seqtoolkit_plugins.gru import GRU
from torch import nn

B, T, D = 3, 20, 8


def test_equals_torch_forward_and_backward():
    torch.manual_seed(0)
    mixer, reference = GRU(D), nn.GRU(D, D, batch_first=True)
    mixer.gru.load_state_dict(reference.state_dict())
    x, h = torch.randn(B, T, D, requires_grad=True), torch.randn(B, D)
    out, state = mixer(x, h)
    expected, last = reference(x, h.unsqueeze(0))
    assert torch.equal(out, expected)
    assert torch.equal(state, last[0])
    found = torch.autograd.grad(out.sin().sum(), [x, *mixer.parameters()])
    wanted = torch.autograd.grad(expected.sin().sum(), [x, *reference.parameters()])
    assert all(map(torch.equal, found, wanted))


@pytest.mark.parametrize("started", [False, True])
def test_trace_equals_a_loop_over_cells(started):
    torch.manual_seed(0)
    mixer = GRU(D).double()
    x = torch.randn(B, T, D, dtype=torch.float64)
    h = torch.randn(B, D, dtype=torch.float64) if started else torch.zeros(B, D, dtype=torch.float64)
    traced = mixer.trace(x, h if started else None)
    cell = nn.GRUCell(D, D).double()
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in mixer.gru.state_dict().items()})
    for t in range(T):
        preact = x[:, t] @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh
        r, z, _ = preact.sigmoid().chunk(3, -1)
        h = cell(x[:, t], h)
        expected = {"reset_gate": r, "update_gate": z, "retention": z, "hidden": h}
        assert traced.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(traced[name][:, t], value, rtol=0, atol=1e-12)


def test_retention_one_keeps_the_state_and_zero_drops_it():
    mixer = GRU(D)
    x, h = torch.randn(B, 1, D), torch.randn(B, D)
    update = slice(D, 2 * D)
    for bias, kept in ((50.0, 1.0), (-50.0, 0.0)):
        nn.init.constant_(mixer.gru.bias_ih_l0[update], bias)
        torch.testing.assert_close(mixer.trace(x, h)["retention"], torch.full((B, 1, D), kept))
        assert torch.allclose(mixer(x, h)[1], h) == bool(kept)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_under_cpu_autocast(dtype):
    mixer, x = GRU(D), torch.randn(B, T, D)
    with torch.autocast("cpu", dtype):
        out, state = mixer(x)
        more, _ = mixer(x.to(dtype), state)
        traced = mixer.trace(x)
    (out.float().sum() + more.float().sum()).backward()
    torch.testing.assert_close(out.float(), mixer(x)[0], rtol=0, atol=0.05)
    torch.testing.assert_close(traced["update_gate"], mixer.trace(x)["update_gate"], rtol=0, atol=0.05)
    assert mixer.gru.weight_hh_l0.grad.isfinite().all()

"""The LSTM is torch.nn.LSTM, and its trace is what the cells of a step-by-step LSTM do."""

import pytest
import torch
from seqtoolkit_plugins.lstm import LSTM
from torch import nn

B, T, D = 3, 20, 8


def test_equals_torch_forward_and_backward():
    torch.manual_seed(0)
    mixer, reference = LSTM(D), nn.LSTM(D, D, batch_first=True)
    mixer.lstm.load_state_dict(reference.state_dict())
    x, h, c = torch.randn(B, T, D, requires_grad=True), torch.randn(B, D), torch.randn(B, D)
    out, (h_out, c_out) = mixer(x, (h, c))
    expected, (h_last, c_last) = reference(x, (h.unsqueeze(0), c.unsqueeze(0)))
    assert torch.equal(out, expected)
    assert torch.equal(h_out, h_last[0])
    assert torch.equal(c_out, c_last[0])
    found = torch.autograd.grad(out.sin().sum(), [x, *mixer.parameters()])
    wanted = torch.autograd.grad(expected.sin().sum(), [x, *reference.parameters()])
    assert all(map(torch.equal, found, wanted))


def test_one_step_is_the_first_of_many():
    torch.manual_seed(0)
    mixer, x = LSTM(D).double(), torch.randn(B, T, D, dtype=torch.float64)
    out, (h, c) = mixer(x[:, :1])
    torch.testing.assert_close(out, mixer(x)[0][:, :1])
    torch.testing.assert_close(out[:, 0], h, rtol=0, atol=0)
    torch.testing.assert_close(mixer(x[:, 1:], (h, c))[0], mixer(x)[0][:, 1:])


@pytest.mark.parametrize("started", [False, True])
def test_trace_equals_a_loop_over_cells(started):
    torch.manual_seed(0)
    mixer = LSTM(D).double()
    x = torch.randn(B, T, D, dtype=torch.float64)
    h = torch.randn(B, D, dtype=torch.float64) if started else torch.zeros(B, D, dtype=torch.float64)
    c = torch.randn(B, D, dtype=torch.float64) if started else torch.zeros(B, D, dtype=torch.float64)
    traced = mixer.trace(x, (h, c) if started else None)
    cell = nn.LSTMCell(D, D).double()
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in mixer.lstm.state_dict().items()})
    for t in range(T):
        preact = x[:, t] @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh
        i, f, _, o = preact.chunk(4, -1)
        h, c = cell(x[:, t], (h, c))
        expected = {"input_gate": i.sigmoid(), "forget_gate": f.sigmoid(), "output_gate": o.sigmoid()}
        expected |= {"retention": f.sigmoid(), "cell": c, "hidden": h}
        assert traced.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(traced[name][:, t], value, rtol=0, atol=1e-12)


@pytest.mark.parametrize("forget_bias", [-2.0, 0.0, 1.0, 5.0])
def test_the_forget_gate_starts_at_the_sigmoid_of_its_bias(forget_bias):
    mixer = LSTM(D, forget_bias=forget_bias)
    nothing = torch.zeros(1, 1, D)  # without input and state only the biases speak
    gate = mixer.trace(nothing)["forget_gate"]
    torch.testing.assert_close(gate, torch.tensor(forget_bias).sigmoid().expand(1, 1, D))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_under_cpu_autocast(dtype):
    mixer, x = LSTM(D), torch.randn(B, T, D)
    with torch.autocast("cpu", dtype):
        out, state = mixer(x)
        more, _ = mixer(x.to(dtype), state)
        traced = mixer.trace(x)
    (out.float().sum() + more.float().sum()).backward()
    torch.testing.assert_close(out.float(), mixer(x)[0], rtol=0, atol=0.05)
    torch.testing.assert_close(traced["cell"], mixer.trace(x)["cell"], rtol=0, atol=0.05)
    assert mixer.lstm.weight_hh_l0.grad.isfinite().all()

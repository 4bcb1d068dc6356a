"""The plain recurrent network is torch.nn.RNN, started well."""

import pytest
import torch
from seqtoolkit_plugins.rnn import RNN
from torch import nn

B, T, D = 3, 20, 8


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_equals_torch_forward_and_backward(nonlinearity):
    torch.manual_seed(0)
    mixer, reference = RNN(D, nonlinearity), nn.RNN(D, D, nonlinearity=nonlinearity, batch_first=True)
    mixer.rnn.load_state_dict(reference.state_dict())
    x, h = torch.randn(B, T, D, requires_grad=True), torch.randn(B, D)
    out, state = mixer(x, h)
    expected, last = reference(x, h.unsqueeze(0))
    assert torch.equal(out, expected)
    assert torch.equal(state, last[0])
    inputs = torch.autograd.grad(out.sin().sum(), [x, *mixer.parameters()])
    wanted = torch.autograd.grad(expected.sin().sum(), [x, *reference.parameters()])
    assert all(map(torch.equal, inputs, wanted))


def test_trace_equals_a_loop_over_cells():
    torch.manual_seed(0)
    mixer, cell = RNN(D), nn.RNNCell(D, D)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in mixer.rnn.state_dict().items()})
    x, h = torch.randn(B, T, D), torch.randn(B, D)
    hidden = mixer.trace(x, h)["hidden"]
    for t in range(T):
        h = cell(x[:, t], h)
        torch.testing.assert_close(hidden[:, t], h)


def test_orthogonal_recurrence_keeps_lengths():
    recurrent = RNN(D).rnn.weight_hh_l0
    torch.testing.assert_close(recurrent @ recurrent.T, torch.eye(D))


def test_irnn_without_input_copies_its_positive_state():
    mixer = RNN(D, nonlinearity="relu", init="irnn")
    h = torch.rand(B, D)
    _, after = mixer(torch.zeros(B, T, D), h)
    assert torch.equal(after, h)


def test_irnn_starts_with_small_inputs_and_no_bias():
    weights = RNN(64, nonlinearity="relu", init="irnn").rnn
    assert weights.weight_ih_l0.std().item() == pytest.approx(0.001, rel=0.05)
    assert not weights.bias_ih_l0.any()
    assert not weights.bias_hh_l0.any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_under_cpu_autocast(dtype):
    mixer, x = RNN(D), torch.randn(B, T, D)
    with torch.autocast("cpu", dtype):
        out, state = mixer(x)
        more, _ = mixer(x.to(dtype), state)
    (out.float().sum() + more.float().sum()).backward()
    torch.testing.assert_close(out.float(), mixer(x)[0], rtol=0, atol=0.05)
    assert mixer.rnn.weight_hh_l0.grad.isfinite().all()

"""gradient: exact on linear networks, exactly zero where nothing flows, and the promised coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention import measured
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.gradient import gradient, log_norms, orthogonal_vectors
from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.statistics import sequence_interval
from seqtoolkit.retention.view import View, view
from tests.retention.fresh import ARCHITECTURES, model
from tests.retention.known_flow import Ahead, Constant, Decay, Delay, Rotation, known

N = 40


def norms(seen: View, inputs: Tensor) -> NDArray[np.float64]:
    """Return log10 |J_k| for all lags, from the whole Jacobian of each sequence."""
    found = []
    for row in seen.embed(inputs).detach():
        jacobian = torch.autograd.functional.jacobian(
            lambda x: seen.features(x[None])[0, -1], row
        )  # (D, T, D)
        found.append(jacobian.double().square().sum((0, 2)).sqrt().flip(0).log10().numpy())
    return np.stack(found)


@pytest.mark.parametrize("a", [0.3, 0.9, 1.0, 1.1])
@pytest.mark.parametrize("vectors", [2, 8, 16])
def test_a_scaled_rotation_falls_exactly(a: float, vectors: int) -> None:
    seen = known(Rotation, 16, a=a)
    lags = [0, 1, 2, 5, 17, 39]
    (record,) = gradient(seen, drive(seen, N, 40, 0), lags, vectors=vectors)
    expected = [lag * math.log10(a) + math.log10(16) / 2 for lag in lags]
    for column in (record.estimate, record.lower, record.upper):
        np.testing.assert_allclose(column, expected, atol=1e-5 * max(lags))
    assert record.settings["slope"]["factor"] == pytest.approx(a, rel=1e-5)
    assert record.settings["below_floor"] == record.settings["exactly_zero"] == []
    assert (record.protocol, record.n) == ("gradient", [N] * 6)
    lost = [
        lag for lag in lags[1:] if (lag - 1) * math.log10(a) < -2
    ]  # less than a hundredth of that at lag 1
    assert record.horizon is not None
    assert record.horizon.estimate == (lags[lags.index(lost[0]) - 1] if lost else 39)
    assert record.horizon.censored == (not lost)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("options", [{}, {"vocab_size": 0, "num_features": 3}])
def test_as_many_vectors_as_features_are_exact(arch: str, options: dict[str, int]) -> None:
    seen = view(model(arch, **options))
    inputs = drive(seen, N, 12, 0)
    (record,) = gradient(seen, inputs, list(range(12)), vectors=16)
    np.testing.assert_allclose(record.estimate, norms(seen, inputs).mean(0), atol=1e-4)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("part", ["encoder", "decoder", "decoder that attends before"])
def test_both_sides_of_an_encoder_decoder(arch: str, part: str) -> None:
    options = {"attention": "dot", "attend": "before"} if "before" in part else {}
    torch.manual_seed(0)
    pair = EncoderDecoder(arch, 5, 11, d_model=8, bidirectional=False, **options)  # type: ignore[arg-type]
    seen = view(pair, part.split()[0])  # type: ignore[arg-type]
    inputs = drive(seen, N, 6, 0)
    (record,) = gradient(seen, inputs, [0, 1, 4], vectors=8)
    np.testing.assert_allclose(record.estimate, norms(seen, inputs)[:, [0, 1, 4]].mean(0), atol=1e-4)
    assert record.settings["part"] == part.split()[0]


def test_few_vectors_agree_with_the_whole_jacobian_within_their_interval() -> None:
    seen = view(model("gru", d_model=32))
    inputs = drive(seen, 200, 24, 0)
    exact, few = (gradient(seen, inputs, list(range(24)), vectors=m)[0] for m in (32, 8))
    inside = [
        low <= truth <= high for truth, low, high in zip(exact.estimate, few.lower, few.upper, strict=True)
    ]
    assert sum(inside) >= 21  # of 24 at 95 %


@pytest.mark.parametrize("layers", [1, 2])
def test_beyond_the_window_nothing_flows(layers: int) -> None:
    seen = view(model("attention", num_layers=layers, arch_config={"window": 4}))
    (record,) = gradient(seen, drive(seen, N, 16, 0), list(range(16)))
    reach = 3 * layers
    assert record.settings["exactly_zero"] == record.settings["below_floor"] == list(range(reach + 1, 16))
    assert record.estimate[reach + 1 :] == record.null[reach + 1 :]  # "below floor", never 0 or -inf
    assert min(record.estimate[: reach + 1]) > -6
    assert record.settings["slope"]["lags"] == [1, reach]


def test_a_delay_is_felt_at_its_lag_only() -> None:
    seen = known(Delay, d=5)
    (record,) = gradient(seen, drive(seen, N, 12, 0), list(range(12)))
    assert record.estimate[5] == pytest.approx(math.log10(8) / 2)
    assert record.settings["exactly_zero"] == [lag for lag in range(12) if lag != 5]
    assert record.settings["slope"] is None


def test_a_constant_model_lies_below_the_floor_everywhere() -> None:
    seen = known(Constant)
    (record,) = gradient(seen, drive(seen, N, 12, 0), [0, 1, 5])
    assert record.estimate == record.lower == record.upper == record.null
    assert record.settings["below_floor"] == [0, 1, 5]
    assert record.settings["slope"] is None
    assert record.horizon == Horizon(0, 0, 0, censored=False)


def test_float64_sees_below_the_floor_of_float32_and_gives_the_model_back() -> None:
    seen = known(Rotation, a=0.1)
    before = {name: weight.clone() for name, weight in seen.model.state_dict().items()}
    inputs = drive(seen, N, 61, 0)
    single, double = (gradient(seen, inputs, [1, 20, 60], double=d)[0] for d in (False, True))
    assert single.settings["below_floor"] == [60]
    assert double.settings["below_floor"] == []
    np.testing.assert_allclose(double.estimate, np.array([-1, -20, -60]) + math.log10(8) / 2, atol=1e-5 * 60)
    after = seen.model.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert {weight.dtype for weight in after.values()} == {torch.float32}


def test_the_model_is_left_as_it_was() -> None:
    seen = known(Decay)
    seen.model.train()
    seen.model.head.requires_grad_(False)
    asked = {name: weight.requires_grad for name, weight in seen.model.named_parameters()}
    buffers = {name: id(buffer) for name, buffer in seen.model.named_buffers()}
    gradient(seen, drive(seen, N, 6, 0), [1, 2], double=True)
    assert {name: weight.requires_grad for name, weight in seen.model.named_parameters()} == asked
    assert {name: id(buffer) for name, buffer in seen.model.named_buffers()} == buffers
    assert all(weight.grad is None for weight in seen.model.parameters())
    assert seen.model.training


def test_every_lag_shares_the_backward_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, grad = [], torch.autograd.grad
    monkeypatch.setattr(
        torch.autograd, "grad", lambda *args, **kwargs: calls.append(1) or grad(*args, **kwargs)
    )
    seen = view(model("lstm"))
    for lags in ([1], list(range(64))):
        calls.clear()
        gradient(seen, drive(seen, N, 64, 0), lags, vectors=5)
        assert len(calls) == 5


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_batches_change_nothing(arch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = view(model(arch))
    inputs = drive(seen, N, 10, 0)
    (whole,) = gradient(seen, inputs, [0, 3, 7], seed=1)
    monkeypatch.setattr(measured, "STEPS", 70)
    (cut,) = gradient(seen, inputs, [0, 3, 7], seed=1)
    np.testing.assert_allclose(cut.estimate, whole.estimate, atol=1e-4)
    assert cut.n == [N] * 3
    assert gradient(seen, inputs, [0, 3, 7], seed=2)[0].estimate != cut.estimate


@given(st.integers(1, 12), st.integers(2, 14), st.integers(0, 99))
@settings(max_examples=30)
def test_vectors_are_orthogonal_and_their_mean_square_is_one(width: int, m: int, seed: int) -> None:
    frames = orthogonal_vectors(3, width, m, seed)
    assert frames.shape == (min(m, width), 3, width)
    products = torch.einsum("mnd,knd->nmk", frames, frames)
    torch.testing.assert_close(products, width * torch.eye(len(frames)).double().expand_as(products))


def true_squares(spectrum: str, width: int, n: int, m: int) -> NDArray[np.float64]:
    scales = {
        "one direction": np.eye(width)[0],
        "all alike": np.ones(width),
        "falling": 0.7 ** np.arange(width),
        "two": np.eye(width)[:2].sum(0),
    }[spectrum]
    scales = scales / np.linalg.norm(scales)
    frames = orthogonal_vectors(n, width, m, 0).numpy()
    return np.square(frames * scales).sum(-1).T[:, :, None]  # (n, m, 1), of norm 1


@pytest.mark.parametrize("spectrum", ["one direction", "all alike", "falling", "two"])
@pytest.mark.parametrize("m", [4, 12])
def test_the_interval_covers_the_norm(spectrum: str, m: int) -> None:
    """400 repetitions of 40 sequences, whose one source of error are the random vectors."""
    repetitions, n = 400, 40
    squares = true_squares(spectrum, 16, repetitions * n, m)
    groups = squares.reshape(repetitions, n, m, 1)
    intervals = [sequence_interval(log_norms(group, 16, 1e-30)) for group in groups]
    covered = np.mean([low[0] - 1e-9 <= 0 <= high[0] + 1e-9 for low, high in intervals])
    assert covered >= 0.91, covered


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vectors": 1}, "vectors is 1; at least 2"),
        ({"lags": [1, 12]}, "lag 12 lies beyond sequences of 12 steps"),
        ({"n": 5}, "5 sequences are too few for an interval: at least 30 are needed"),
        ({"spoil": math.nan}, "not finite, the first one in sequence 3 at step 7"),
        ({"spoil": math.inf}, "not finite, the first one in sequence 3 at step 7"),
        ({"mixer": Ahead}, "the model is not causal"),
        ({"scale": 0.0}, "the inputs do not vary: all 40 sequences are the same"),
        ({"width": 7}, r"the model reads features \(N, T, 8\), the inputs are \(40, 12, 7\)"),
        ({"weight": math.nan}, "the features of this SequenceModel are not finite"),
    ],
)
def test_what_cannot_be_measured_is_refused(change: dict[str, object], message: str) -> None:
    seen = known(change.get("mixer", Rotation))  # type: ignore[arg-type]
    inputs = torch.randn(int(change.get("n", N)), 12, int(change.get("width", 8)))  # type: ignore[call-overload]
    inputs *= float(change.get("scale", 1.0))  # type: ignore[arg-type]
    if "spoil" in change:
        inputs[3, 7, 1] = change["spoil"]  # type: ignore[call-overload]
    if "weight" in change:
        torch.nn.init.constant_(next(seen.model.parameters()), math.nan)
    with pytest.raises(ValueError, match=message):
        gradient(seen, inputs, change.get("lags", [1, 2]), vectors=change.get("vectors", 8))  # type: ignore[arg-type]


def test_gradients_that_overflow_are_refused_and_float64_holds_them() -> None:
    seen = known(Rotation, a=10.0)
    inputs = drive(seen, N, 48, 0) * 1e-30
    with pytest.raises(ValueError, match=r"gradients overflow float32.*double=True"):
        gradient(seen, inputs, [1, 46])
    (record,) = gradient(seen, inputs, [1, 46], double=True)
    assert record.settings["slope"]["factor"] == pytest.approx(10, rel=1e-6)

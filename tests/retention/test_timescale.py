"""timescale: the half-lives of RetNet's channels, of gates that the input decides, and of nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from seqtoolkit import SequenceMixer, SequenceModel
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.statistics import sequence_interval
from seqtoolkit.retention.timescale import _kept, timescale
from seqtoolkit.retention.view import View, view
from tests.retention.known_flow import Ahead, Decay, Gated, Rotation, known

N = 40
RETNET = [21.8, 44, 88, 177, 355, 709, 1419, 2839]  # steps: ln 2 / -ln(1 - 2^(-5-h))


def test_the_half_lives_of_retention_decay() -> None:
    seen = known(Decay)
    lags = [0, 1, 21, 22, 63]
    (record,) = timescale(seen, drive(seen, N, 64, 0), lags)
    (block,) = record.settings["blocks"]
    np.testing.assert_allclose(block["half_lives"], RETNET, rtol=5e-3)
    g = 1 - 2.0 ** (-5 - np.arange(8))
    curve = [np.mean(g**lag) for lag in lags]
    for column in (record.estimate, record.lower, record.upper, block["curve"]):
        np.testing.assert_allclose(column, curve, rtol=1e-5)
    assert record.horizon == Horizon(63, 63, 63, censored=True, upper_censored=True)  # 0.56 is kept
    assert record.settings["half_life"] == pytest.approx((177 + 355) / 2, rel=3e-3)


def test_gates_that_the_input_decides() -> None:
    """Two factors, each as often: E[a b] = E[a] E[b], but the time constant is that of E[ln a]."""
    seen = known(Gated, 4)
    inputs = torch.where(torch.rand(400, 30, 4, generator=torch.Generator().manual_seed(0)) < 0.5, 0.9, 0.5)
    lags = [0, 1, 2, 5, 29]
    (record,) = timescale(seen, inputs[:256], lags)
    assert record.horizon == Horizon(1, 1, 2, censored=False)  # 0.7 is kept, then 0.49
    truth = 0.7 ** np.array(lags)
    assert np.abs(np.array(record.estimate) - truth).max() < 0.02
    half_life = math.log(2) / -np.mean(np.log([0.9, 0.5]))
    np.testing.assert_allclose(record.settings["blocks"][0]["half_lives"], half_life, rtol=0.03)


def test_the_interval_covers_the_share_kept() -> None:
    """400 repetitions of 40 sequences of such gates."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.where(torch.rand(400 * N, 8, 4, generator=generator) < 0.5, 0.9, 0.5)
    curves = _kept(known(Gated, 4), inputs, [1, 3, 7])[0][:, 0].reshape(400, N, 3)
    truth = 0.7 ** np.array([1, 3, 7])
    intervals = [sequence_interval(group) for group in curves]
    covered = np.mean([(low <= truth) & (truth <= high) for low, high in intervals], 0)
    assert (covered >= 0.9).all(), covered


@pytest.mark.parametrize("arch", ["lstm", "gru"])
def test_the_forget_gate_decides(arch: str) -> None:
    torch.manual_seed(0)
    model = SequenceModel(arch, num_classes=5, vocab_size=7, d_model=16)
    seen = view(model)
    inputs = drive(seen, N, 12, 0)
    (record,) = timescale(seen, inputs, [0, 1, 2])
    model.eval()
    factors = torch.stack([trace["retention"] for trace in model.trace(inputs)]).double()  # (L, N, T, D)
    expected = [1, float(factors[:, :, -1].mean()), float(factors[:, :, -2:].prod(2).mean())]
    np.testing.assert_allclose(record.estimate, expected, rtol=1e-6)
    lives = -math.log(2) / factors.log().mean((1, 2)).numpy()
    np.testing.assert_allclose([block["half_lives"] for block in record.settings["blocks"]], lives, rtol=1e-6)
    assert (record.protocol, record.null, record.n) == ("timescale", [0.0] * 3, [N] * 3)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_both_sides_of_an_encoder_decoder(part: str) -> None:
    seen = view(EncoderDecoder("gru", 5, 11, encoder="lstm", d_model=8, bidirectional=False), part)  # type: ignore[arg-type]
    (record,) = timescale(seen, drive(seen, N, 12, 0), [1, 2])
    assert record.settings["part"] == part
    assert 0 < record.estimate[1] < record.estimate[0] < 1


def gated(factor: float) -> View:
    """Look at channels that keep this share, whatever they read."""
    seen = known(Gated, 4)
    embedding = seen.model.embedding
    assert isinstance(embedding, torch.nn.Linear)
    torch.nn.init.zeros_(embedding.weight)
    torch.nn.init.constant_(embedding.bias, factor)
    return seen


def test_gates_that_are_wide_open_or_shut_stay_finite() -> None:
    for factor, half_life in ((1.0, 1e7), (0.0, 0.01)):
        (record,) = timescale(gated(factor), torch.randn(N, 12, 4), [0, 1, 11])
        assert record.estimate == [1.0, pytest.approx(factor), pytest.approx(factor)]
        lives = record.settings["blocks"][0]["half_lives"]
        assert np.isfinite(lives).all()
        assert (np.array(lives) >= half_life).all() if factor else (np.array(lives) <= half_life).all()


@pytest.mark.parametrize(
    ("mixer", "arch", "has"),
    [
        (Rotation, "Rotation", "nothing"),
        ("rnn", "RNN", "hidden"),
        ("attention", "Attention", "key, query, reach"),
    ],
)
def test_an_architecture_without_retention_is_named(
    mixer: type[SequenceMixer] | str, arch: str, has: str
) -> None:
    seen = view(SequenceModel(mixer, num_classes=5, vocab_size=7, d_model=8))
    with pytest.raises(ValueError, match=f"{arch} traces {has} and no 'retention'"):
        timescale(seen, drive(seen, N, 12, 0), [1])


def test_factors_outside_0_to_1_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"the retention that Gated traces is to lie from 0 to 1; found .* to 3"
    ):
        timescale(gated(3.0), torch.randn(N, 12, 4), [1])


@pytest.mark.parametrize(
    ("n", "lags", "message"), [(5, [1], "5 sequences are too few"), (N, [12], "lies beyond")]
)
def test_too_few_sequences_or_steps(n: int, lags: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        timescale(known(Decay), torch.randn(n, 12, 8), lags)


@pytest.mark.parametrize("inputs", [torch.zeros(N, 12, 8), torch.randn(1, 12, 8).expand(N, -1, -1)])
def test_inputs_that_do_not_vary_are_refused(inputs: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=rf"the inputs do not vary: all {N} sequences are the same"):
        timescale(known(Decay), inputs, [1])


def test_a_model_that_sees_the_future_is_refused() -> None:
    with pytest.raises(ValueError, match="the model is not causal"):
        timescale(known(Ahead), torch.randn(N, 12, 8), [1])

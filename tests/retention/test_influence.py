"""influence: a known divergence at a known lag, exactly 0 everywhere else, and the promised coverage."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from seqtoolkit.losses import Loss
from seqtoolkit.retention import measured
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.influence import influence
from seqtoolkit.retention.record import Horizon
from seqtoolkit.retention.statistics import tailed_interval
from seqtoolkit.retention.swapping import Run, cuts
from seqtoolkit.retention.view import view
from tests.retention.fresh import ARCHITECTURES, N, model, views
from tests.retention.known_flow import Constant, Delay, known, swapped_divergence, symbols


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_record_of_a_fresh_model(arch: str) -> None:
    for seen in views(arch):
        (record,) = influence(seen, drive(seen, N, 20, 0), [0, 1, 4, 19])
        assert (record.protocol, record.unit, record.n) == ("influence", "nats", [N // 2] * 4)
        assert record.null == [0.0] * 4  # the future, bit for bit
        assert record.estimate[0] > record.estimate[-1] >= 0
        assert record.lower[0] > 0
        assert record.settings["p_values"][0] < 0.05
        assert record.settings["part"] == seen.part


def test_a_delay_is_used_at_its_lag_only_and_as_much_as_is_known() -> None:
    width, score = 4, 3.0
    seen = known(Delay, width, d=5)
    (record,) = influence(seen, symbols(2_000, 16, width, score, 1), list(range(12)))
    expected = (1 - 1 / width) * swapped_divergence(width, score)
    assert record.lower[5] <= expected <= record.upper[5]
    assert record.upper[5] - record.lower[5] < expected / 5
    others = [lag for lag in range(12) if lag != 5]
    assert record.settings["exactly_zero"] == others
    assert [record.estimate[lag] for lag in others] == [record.upper[lag] for lag in others] == [0.0] * 11
    assert [p < 0.05 for p in record.settings["p_values"]] == [lag == 5 for lag in range(12)]


def test_the_interval_covers_the_known_influence() -> None:
    """2,000 repetitions of 60 pairs; they are two values, as skewed as an influence can be."""
    width, score, repetitions, pairs = 4, 3.0, 2_000, 60
    seen = known(Delay, width, d=5)
    embedded = symbols(repetitions * pairs * 2, 8, width, score, 2)
    with torch.inference_mode():
        values = Run(seen, embedded, cuts(5, 8)).influence([5]).view(repetitions, pairs, 2).mean(-1).numpy()
    truth = (1 - 1 / width) * swapped_divergence(width, score)
    lower, upper = tailed_interval(values.T)
    assert 0.92 <= np.mean((lower <= truth) & (truth <= upper)) <= 0.98


@pytest.mark.parametrize("layers", [1, 2])
def test_beyond_the_window_nothing_is_used(layers: int) -> None:
    seen = view(model("attention", num_layers=layers, arch_config={"window": 4}))
    (record,) = influence(seen, drive(seen, N, 40, 0), [*range(12), 39])
    reach = 3 * layers
    assert record.settings["exactly_zero"] == [*range(reach + 1, 12), 39]
    assert min(record.estimate[: reach + 1]) > 0
    assert record.horizon is not None
    assert record.horizon.upper <= reach


def test_a_constant_model_uses_nothing() -> None:
    (record,) = influence(known(Constant), torch.randn(N, 12, 8), [0, 1, 5])
    assert record.estimate == record.lower == record.upper == record.null == [0.0] * 3
    assert record.settings["exactly_zero"] == [0, 1, 5]
    assert record.settings["p_values"] == [1.0] * 3
    assert record.horizon == Horizon(0, 0, 0, censored=False)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_seeds_and_batches(arch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = view(model(arch))
    inputs = drive(seen, N, 10, 0)
    (whole,) = influence(seen, inputs, [0, 3, 7], seed=1)
    monkeypatch.setattr(measured, "STEPS", 70)
    (cut,) = influence(seen, inputs, [0, 3, 7], seed=1)
    np.testing.assert_allclose(cut.estimate, whole.estimate, rtol=1e-3, atol=1e-9)
    assert influence(seen, inputs, [0, 3, 7], seed=2)[0].estimate != cut.estimate


@pytest.mark.parametrize(("target", "known_change"), [("values", 0.5 * 1.5**2 * 2 / 4), ("labels", None)])
def test_other_answers_move_as_far_as_is_known(target: str, known_change: float | None) -> None:
    """Two of four outputs of a delay line change by 1.5 when the symbols differ."""
    width, score = 4, 1.5
    delay = replace(known(Delay, width, d=5), loss=Loss(target))
    inputs = symbols(N, 8, width, score, 3)
    with torch.inference_mode():
        values = Run(delay, inputs, cuts(5, 8)).influence([5])
    differs = (inputs[:, 2].view(-1, 2, width).flip(1).view_as(inputs[:, 2]) != inputs[:, 2]).any(-1)
    if known_change is None:  # of one label on and another off: KL of both Bernoullis
        p, half = 1 / (1 + math.exp(-score)), 0.5
        on, off = (
            a * math.log(a / b) + (1 - a) * math.log((1 - a) / (1 - b)) for a, b in ((p, half), (half, p))
        )
        known_change = on + off
    torch.testing.assert_close(values[:, 0], differs.double() * known_change, rtol=1e-6, atol=1e-12)
    (record,) = influence(delay, inputs, [4, 5])
    assert record.settings["exactly_zero"] == [4]
    assert "mean over values" in record.settings["divergence"] or target == "labels"

"""Truncation: of a model that uses exactly its last w inputs the curve is flat from w on: its effective context."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from seqtoolkit.batch import Batch
from seqtoolkit.losses import Loss
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.targets import contexts
from seqtoolkit.retention.truncation import truncation
from seqtoolkit.retention.view import View, view
from tests.retention.fresh import model
from tests.retention.known_answers import data, window, window_loss


def measure(view: View, batches: list[Batch], lags: list[int], **options: Any) -> Record:
    (record,) = truncation(view, batches, lags, **options)
    assert Record.from_dict(record.to_dict()) == record
    assert all(a <= b <= c for a, b, c in zip(record.lower, record.estimate, record.upper, strict=True))
    return record


@pytest.mark.parametrize("width", [1, 3, 7])
def test_a_window_is_its_effective_context(width: int) -> None:
    record = measure(window(width), data(width), [1, 2, 3, 4, 5, 6, 7, 8, 10])
    full = record.settings["full_loss"]
    assert full == pytest.approx(float(torch.tensor([2.0, 0, 0, 0]).logsumexp(0)) - 2, abs=1e-6)
    for context, loss, null in zip(record.lags, record.estimate, record.null, strict=True):
        assert (loss == pytest.approx(full, abs=1e-5)) == (context >= width)
        assert (null == pytest.approx(full, abs=1e-5)) == (
            context >= width
        )  # what is not used cannot mislead
    assert str(record.horizon) == f"{width} [{width}, {width}]"
    assert record.n == [60] * 9


def test_a_context_that_is_too_short_is_censored() -> None:
    horizon = measure(window(7), data(7), [1, 2, 4]).horizon
    assert horizon is not None
    assert (horizon.estimate, horizon.censored, horizon.upper_censored) == (4, True, True)


def test_a_model_that_uses_nothing_needs_one_input() -> None:
    assert str(measure(window(3, sharpness=0.0), data(3), [1, 2, 4]).horizon) == "1 [1, 1]"


def test_short_histories_are_never_asked_for_more_than_they_have() -> None:
    batches = data(1, steps=5, first=0)
    record = measure(window(1), batches, [1, 2, 5])
    assert record.estimate == pytest.approx([record.settings["full_loss"]] * 3, abs=1e-6)
    assert contexts(window(1), [0, 1, 4, 5, 6], batches) == [1, 4, 5]


def test_a_window_has_the_loss_of_its_formula() -> None:
    for width, counted in ((0, 3), (1, 1), (2, 4), (3, 5)):
        record = measure(window(width), data(counted, n=4_000, seed=1), [1, 2, 3, 4], targets=1, resamples=2)
        expected = [window_loss(context, width, counted) for context in record.lags]
        assert record.estimate == pytest.approx(expected, abs=0.05)


EVERY_STEP = {"steps": 96, "first": 8}  # so that eight contexts share a run


@pytest.mark.parametrize(("form", "read"), [({}, 1), (EVERY_STEP, 8)])
def test_the_interval_covers_the_loss_and_the_context_at_the_nominal_rate(
    form: dict[str, int], read: int
) -> None:
    """400 repetitions of 60 sequences; a model that ignores its far context, which counts."""
    seen, lags = window(2), [1, 2, 3]
    truth = [window_loss(context, 2, 4) for context in lags]
    covered, held = [], []
    for seed in range(400):
        record = measure(seen, data(4, seed=seed, **form), lags, seed=seed, targets=4, resamples=400)
        assert record.settings["steps_read"] == read
        covered.append([a <= b <= c for a, b, c in zip(record.lower, truth, record.upper, strict=True)])
        assert record.horizon is not None
        held.append(record.horizon.lower <= 2 <= record.horizon.upper)
    rates = np.mean(covered, 0)
    assert ((rates >= 0.92) & (rates <= 0.98)).all(), rates
    assert np.mean(held) >= 0.95


@torch.no_grad()
def test_contexts_that_share_a_run_are_those_of_their_own_targets() -> None:
    """Of targets at every step: each context is read where `shared` says, and set against all inputs there."""
    torch.manual_seed(0)
    seen, steps, n = view(model("gru", num_layers=1)), 80, 30
    inputs = torch.randint(7, (n, steps))
    targets = inputs.roll(3, 1)
    mask = torch.ones_like(inputs, dtype=torch.bool)
    lags = [1, 2, 3, 7, 12, 13, 40]
    record = measure(seen, [Batch(inputs, torch.full((n,), steps), targets, mask)], lags, targets=steps)

    def loss(begin: int, step: int) -> torch.Tensor:
        scores = seen.head(seen.features(seen.embed(inputs[:, begin : step + 1]))[:, -1])
        assert scores is not None
        return nn.functional.cross_entropy(scores, targets[:, step]).double()

    full = [loss(0, step) for step in range(steps)]
    asked = [step - back for step in range(steps) for back in range(8) if step >= back]
    whole = torch.stack([full[step] for step in asked]).mean()
    for group in ([1, 2, 3, 7], [12, 13], [40]):
        for lag in group:
            read = range(steps - (group[-1] - lag))
            worse = [loss(max(0, step + 1 - lag), step) - full[step] for step in read]
            assert record.estimate[lags.index(lag)] == pytest.approx(
                float(whole + torch.stack(worse).mean()), abs=1e-6
            )
    assert record.settings["full_loss"] == pytest.approx(float(whole), abs=1e-6)


def test_a_context_that_no_drawn_target_has_is_all_inputs() -> None:
    """Of two targets of a sequence, hardly one is the last: what the data have can be asked for all the same."""
    seen, batches = window(2), data(4, n=30, steps=300, first=0)
    lags = contexts(seen, [1, 2, 299, 300], batches)
    record = measure(seen, batches, lags)
    assert lags[-1] == 300 > record.settings["longest"]
    assert record.estimate[-1] == pytest.approx(record.settings["full_loss"], abs=1e-12)


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, again, other = (measure(window(3), data(4), [1, 2], targets=2, seed=seed) for seed in (5, 5, 6))
    assert one == again
    assert one.estimate != other.estimate


@pytest.mark.parametrize(
    ("lags", "n", "message"),
    [
        ([0, 1], 60, "1 or more"),
        ([2, 1], 60, "ascending"),
        ([], 60, "1 or more"),
        (
            [1, 25],
            60,
            r"25 inputs is longer than what stands before any target \(24\); use contexts up to 24",
        ),
        ([1, 2], 20, "20 sequences with targets are too few for an interval; at least 30 are needed"),
    ],
)
def test_what_cannot_be_measured(lags: list[int], n: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        truncation(window(2), data(2, n=n), lags)


def test_losses_that_are_not_finite_are_refused() -> None:
    seen = window(2, sharpness=float("nan"))
    with pytest.raises(ValueError, match="loss of some targets is not finite"):
        measure(seen, data(2), [1, 2])


def test_lags_that_are_no_contexts_are_refused_and_those_that_are_kept() -> None:
    seen, batches = window(2), data(2)
    assert contexts(seen, [0, 1, 24, 25], batches) == [1, 24]
    with pytest.raises(ValueError, match=r"targets have at most 24 inputs behind them: give --lags 1:24"):
        contexts(seen, [25, 100], batches)


def test_values_have_the_unit_of_their_loss_and_what_is_not_known_is_no_target() -> None:
    """A model that answers the sum of its last 3 features, off by nothing: its squared error is 0 from 3 on."""
    width, steps, n = 3, 12, 60
    inputs = torch.randn(n, steps, 1, generator=torch.Generator().manual_seed(0))
    totals = inputs.cumsum(1)
    targets = totals - nn.functional.pad(totals, (0, 0, width, 0))[:, :steps]
    targets[:, 8] = torch.nan
    mask = (torch.arange(steps) >= 6).expand(n, -1)
    seen = replace(window(width), num_features=1, loss=Loss("values"), _embed=lambda x: x, _head=lambda x: x)
    record = measure(seen, [Batch(inputs, torch.full((n,), steps), targets, mask)], [1, 2, 3, 6], targets=99)
    assert record.unit == "mse"
    assert record.settings["targets"] == n * 5
    assert record.estimate[:2] == pytest.approx([2.0, 1.0], rel=0.2)  # variance of what is not seen
    assert record.estimate[2:] == pytest.approx([0.0, 0.0], abs=1e-9)

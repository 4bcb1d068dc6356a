"""Losses equal their formulas, leave out what is not known, and refuse what is none."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from seqtoolkit.losses import Loss


def test_classes_are_cross_entropy() -> None:
    scores, targets = torch.randn(7, 5), torch.randint(5, (7,))
    for smoothing in (0.0, 0.1):
        expected = nn.CrossEntropyLoss(reduction="none", label_smoothing=smoothing)(scores, targets)
        torch.testing.assert_close(Loss.of({})(scores, targets, smoothing), expected)


@pytest.mark.parametrize(("loss", "reference"), [("mse", nn.MSELoss), ("mae", nn.L1Loss)])
def test_values_are_the_mean_over_those_known(loss: str, reference: Any) -> None:
    scores, targets = torch.randn(6, 4, requires_grad=True), torch.randn(6, 4)
    found = Loss("values", loss)(scores, targets)
    torch.testing.assert_close(found.mean(), reference()(scores, targets))
    targets[0, 1:] = torch.nan
    targets[5] = torch.nan
    found = Loss("values", loss)(scores, targets)
    torch.testing.assert_close(found[0], reference()(scores[0, :1], targets[0, :1]))
    assert found[5] == 0
    found.sum().backward()
    assert scores.grad is not None
    assert scores.grad.isfinite().all()
    assert (scores.grad[0, 1:] == 0).all()


@given(st.lists(st.floats(0.02, 0.98), min_size=1, max_size=4, unique=True).map(sorted), st.integers(0, 999))
def test_quantiles_are_the_literal_pinball_loss(levels: list[float], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(3, 2 * len(levels), generator=generator)
    targets = torch.randn(3, 2, generator=generator)
    found = Loss("quantiles", quantiles=levels)(scores, targets)
    for n in range(3):
        total = 0.0
        for k in range(2):
            for q, level in enumerate(levels):
                error = float(targets[n, k] - scores[n, k * len(levels) + q])
                total += level * error if error >= 0 else (level - 1) * error
        assert float(found[n]) == pytest.approx(total / (2 * len(levels)), abs=1e-5)


def test_the_best_constant_is_the_quantile() -> None:
    values = torch.randn(2001, 1, generator=torch.Generator().manual_seed(0))
    loss = Loss("quantiles", quantiles=[0.1])
    grid = torch.linspace(-3, 3, 601)
    costs = [float(loss(value.expand(len(values), 1), values).mean()) for value in grid]
    best = grid[int(torch.tensor(costs).argmin())]
    assert float(best) == pytest.approx(float(values.quantile(0.1)), abs=0.02)


def test_labels_are_summed_binary_cross_entropies() -> None:
    scores, targets = torch.randn(4, 88), (torch.rand(4, 88) < 0.1).float()
    expected = nn.BCEWithLogitsLoss(reduction="none")(scores, targets)
    torch.testing.assert_close(Loss("labels")(scores, targets), expected.sum(-1))
    targets[:, 3] = torch.nan
    without = expected.sum(-1) - expected[:, 3]
    torch.testing.assert_close(Loss("labels")(scores, targets), without)


@pytest.mark.parametrize(
    "spec",
    [
        {"target": "numbers"},
        {"target": ["values"]},
        {"target": "values", "loss": "rmse"},
        {"target": "quantiles"},
        {"target": "quantiles", "quantiles": [0.9, 0.1]},
        {"target": "quantiles", "quantiles": [0.0, 0.5]},
        {"target": "quantiles", "quantiles": "half"},
        {"target": "quantiles", "quantiles": [float("nan")]},
    ],
)
def test_what_is_no_loss_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Loss.of(spec)

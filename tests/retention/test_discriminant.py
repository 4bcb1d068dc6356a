"""The discriminant of tokens equals that of normal densities, and finds as much as a logistic regression."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqtoolkit import SequenceModel
from seqtoolkit.retention.decoding import decoding, split
from seqtoolkit.retention.discriminant import contrasts, discriminants
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.readout import fit
from seqtoolkit.retention.view import view
from tests.retention.decoded import by_unit, gru, some_moments


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=9))
def test_contrasts_are_white(weights: list[float]) -> None:
    frequency = torch.tensor(weights, dtype=torch.float64) / sum(weights)
    code = contrasts(frequency)
    torch.testing.assert_close(frequency @ code, torch.zeros(len(weights) - 1, dtype=torch.float64))
    covariance = code.T @ (frequency[:, None] * code)
    torch.testing.assert_close(covariance, torch.eye(len(weights) - 1, dtype=torch.float64))


def test_the_discriminant_equals_that_of_normal_densities() -> None:
    train, features, past, frequency = some_moments(gru(), 60, [0, 1])
    fitted = fit(train, train)
    maps, offsets = discriminants(fitted, frequency)
    for column in range(2):
        predicted = (features - fitted.mean) @ fitted.weights[column]
        scores = predicted @ maps[column] + offsets[column]
        classes = [features[past[:, column] == symbol] for symbol in range(4)]
        within = sum(torch.cov(part.T, correction=0) * len(part) for part in classes) / len(features)
        within = within + fitted.ridges[column] * torch.cov(features.T, correction=0).diagonal().diag()
        directions = torch.linalg.solve(
            within, torch.stack([part.mean(0) - fitted.mean for part in classes], 1)
        )
        middle = torch.stack([(part.mean(0) + fitted.mean) / 2 for part in classes])
        direct = (features[:, None] - middle).mul(directions.T).sum(-1)
        direct, scores = (each - each.mean(-1, keepdim=True) for each in (direct, scores))
        torch.testing.assert_close(scores, direct, rtol=1e-3, atol=1e-3)


def logistic(features: Tensor, symbols: Tensor, tried: Tensor, wanted: Tensor) -> tuple[float, float]:
    """Return accuracy and bits of a multinomial logistic regression, fitted without a shortcut."""
    mean, size = features.mean(0), features.std(0)
    layer = torch.nn.Linear(features.shape[1], 4, dtype=torch.float64)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(layer((features - mean) / size), symbols)
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        scores = layer((tried - mean) / size)
        nats = torch.nn.functional.cross_entropy(scores, wanted).item()
    return (scores.argmax(-1) == wanted).double().mean().item(), 2 - nats / np.log(2)


@pytest.mark.parametrize("arch", ["gru", "rnn"])
def test_tokens_are_found_as_well_as_by_logistic_regression(arch: str) -> None:
    torch.manual_seed(1)
    seen = view(SequenceModel(arch, 3, vocab_size=4, d_model=8, num_layers=1, block="plain"))
    tokens, lags = drive(seen, 240, 24, 0), [0, 1, 2, 4]
    records = by_unit(decoding(seen, tokens, lags))
    train, val, test = split(240, 0)
    with torch.no_grad():
        features = seen.features(seen.embed(tokens))[:, 4:].double()
    learn, tried = torch.cat([train, val]), test
    for column, lag in enumerate(lags):
        past = tokens[:, 4 - lag : 24 - lag]
        accuracy, bits = logistic(
            features[learn].flatten(0, 1),
            past[learn].flatten(),
            features[tried].flatten(0, 1),
            past[tried].flatten(),
        )
        assert accuracy - 0.06 <= records["accuracy"].estimate[column] <= accuracy + 0.03
        assert bits - 0.2 <= records["bits"].estimate[column] <= bits + 0.03

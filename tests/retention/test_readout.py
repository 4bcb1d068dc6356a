"""The linear readout: moments of all lags at once equal the direct ones, and weights solve their equations."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.retention import readout
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.readout import fit, moments
from seqtoolkit.retention.scoring import Part
from tests.retention.decoded import NONE, gru, some_moments


@settings(max_examples=10, deadline=None)
@given(
    lags=st.sets(st.integers(0, 15), min_size=1, max_size=4).map(sorted),
    seed=st.integers(0, 100),
    block=st.sampled_from([3, 256]),
)
def test_moments_of_all_lags_equal_those_of_each(lags: list[int], seed: int, block: int) -> None:
    seen = gru(num_features=2)
    inputs = drive(seen, 5, 24, seed) + 3
    part = Part.of(inputs, inputs, None, torch.arange(5))
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(readout, "BLOCK", block)
        patch.setattr(readout, "CHUNK", 48)
        patch.setattr(readout, "ROWS", 2)  # sequences at a time
        found = moments(seen, part.inputs, part.targets, lags, NONE)
        h = seen.features(seen.embed(inputs))[:, lags[-1] :].flatten(0, 1).double()
    columns = [target[:, lags[-1] - lag : 24 - lag].flatten(0, 1) for target in part.targets for lag in lags]
    for column, u in enumerate(columns):
        both = torch.cov(torch.cat([h, u.double()], 1).T, correction=0)
        torch.testing.assert_close(found.covariance, both[:8, :8], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(found.cross[column], both[:8, 8:], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(found.target_variance[column], both.diagonal()[8:])
        torch.testing.assert_close(found.target_mean[column], u.double().mean(0))
    torch.testing.assert_close(found.mean, h.mean(0), rtol=1e-5, atol=1e-6)


def test_a_readout_solves_the_normal_equations_of_its_ridge() -> None:
    train, features, _, _ = some_moments(gru(), 40, [1, 3])
    fitted = fit(train, some_moments(gru(), 20, [1, 3], seed=1)[0])
    covariance = torch.cov(features.T, correction=0)
    for weights, ridge, cross in zip(fitted.weights, fitted.ridges, train.cross, strict=True):
        regular = covariance + ridge * covariance.diagonal().diag()
        torch.testing.assert_close(regular @ weights, cross, rtol=1e-5, atol=1e-8)
    assert fitted.rank == 7  # the norm of the layer takes one direction away

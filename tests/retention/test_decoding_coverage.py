"""decoding: intervals cover the truth of the fitted readout, and what is gone has no horizon."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from seqtoolkit.retention.decoding import decoding, fit_readouts
from seqtoolkit.retention.decoding_report import Fitted, correlation_values, report
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.statistics import sequence_interval
from tests.retention.decoded import by_unit
from tests.retention.known import delay_line, leaky


def covers(
    fitted: Fitted, records: dict[str, Record], covariance: Tensor, cross: Tensor
) -> dict[str, list[bool]]:
    """Say for each of K lags whether the intervals hold the truth of the fitted readout.

    It is known from the covariance (D, D) of the features and theirs with the inputs (K, D) of variance 1.
    """
    count, eps = len(cross), 1e-9
    weights, shift = fitted.readout.weights[:count, :, 0], fitted.readout.target_mean[:count, 0]
    variance = torch.einsum("kd,de,ke->k", weights, covariance, weights)
    shared = (weights * cross).sum(1)
    bias = (weights * fitted.readout.mean).sum(1) - shift
    explained = 1 - (1 + variance - 2 * shared + bias**2) / (1 + shift**2)
    signed = shared / variance.sqrt()
    lower, upper = sequence_interval(correlation_values(fitted.scores.columns(slice(count))))
    intervals = {
        "R2": (records["R2"].lower, records["R2"].upper, explained),
        "rho2": (records["rho2"].lower, records["rho2"].upper, signed**2),
        "rho": (lower, upper, signed),
    }
    return {
        unit: [a - eps <= truth <= b + eps for a, b, truth in zip(low, high, truths.tolist(), strict=True)]
        for unit, (low, high, truths) in intervals.items()
    }


LEAKY_LAGS = [0, 1, 2, 4, 8, 24]
DELAY_LAGS = [0, 3, 4, 5, 8]
A = 0.8
POWERS = A ** torch.tensor(LEAKY_LAGS, dtype=torch.float64)
KNOWN = {  # model, lags, steps, covariance of h, covariance with the input at each lag, horizon of R2 > 0.1, capacity
    "leaky": (leaky(A), LEAKY_LAGS, 60, torch.tensor([[(1 - A) / (1 + A)]]), (1 - A) * POWERS[:, None], 2),
    "delay": (delay_line(4), DELAY_LAGS, 40, torch.eye(4), torch.eye(9)[DELAY_LAGS, :4], 3),
}


@pytest.mark.parametrize("name", KNOWN)
def test_intervals_cover_the_truth_at_the_nominal_rate(name: str) -> None:
    seen, lags, steps, covariance, cross, horizon = KNOWN[name]
    hits: dict[str, list[list[bool]]] = {"R2": [], "rho2": [], "rho": []}
    horizons = []
    for seed in range(400):
        inputs = drive(seen, 240, steps, seed)
        fitted = fit_readouts(seen, inputs, lags)
        records = by_unit(report(fitted, lags, seed, 0.1))
        for unit, each in covers(fitted, records, covariance.double(), cross.double()).items():
            hits[unit].append(each)
        horizons.append(records["R2"].horizon)
    exact = [name == "delay" and lag < 4 for lag in lags]
    for unit, table in hits.items():
        rates = np.mean(table, 0)
        for lag, rate, certain in zip(lags, rates, exact, strict=True):
            assert rate == 1 if certain else 0.92 <= rate <= 0.98, (unit, lag, rate)
    assert np.mean([h.lower <= horizon <= h.upper for h in horizons if h]) >= 0.95


def test_what_is_gone_has_no_horizon() -> None:
    """Lags beyond a delay line: at chance, though the features are full of other inputs."""
    seen, alarms = delay_line(4), []
    for seed in range(400):
        alarms.append(decoding(seen, drive(seen, 120, 30, seed), [4, 5, 6, 8, 12], margin=0.0)[0].horizon)
    assert np.mean([h.estimate > 0 for h in alarms if h]) <= 0.05

"""The records of fitted readouts: estimates, intervals over test sequences, nulls, horizons and the memory capacity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.retention.capacity import memory_capacity
from seqtoolkit.retention.readout import Readout
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.scoring import Scores, Tokens
from seqtoolkit.retention.statistics import curve_horizon, sequence_interval, share_interval

Floats = NDArray[np.float64]
Curve = tuple[Floats, Floats, Floats]  # estimate, lower, upper


@dataclass(frozen=True)
class Fitted:
    """Readouts at 2 K columns, the lags and then the lags of shuffled pairs, and how they did on test sequences."""

    readout: Readout
    tokens: Tokens | None
    scores: Scores
    settings: dict[str, Any]


def report(fitted: Fitted, lags: Sequence[int], seed: int, margin: float) -> list[Record]:
    """Return the records of fitted readouts, as `decoding` does."""
    own, other = (fitted.scores.columns(which) for which in (slice(len(lags)), slice(len(lags), None)))
    make = _Maker(list(lags), seed, margin, {**fitted.settings, "margin": margin})
    return [
        *_token_records(make, own, other, fitted.tokens),
        *_value_records(make, own, other, fitted.readout),
    ]


class _Maker:
    """Makes records that share their lags and settings."""

    def __init__(self, lags: list[int], seed: int, margin: float, settings: dict[str, Any]) -> None:
        self.lags, self.seed, self.margin, self.settings = lags, seed, margin, settings

    def record(
        self,
        unit: str,
        curve: Curve,
        null: Floats,
        values: Floats,  # (N, K): their mean is what the horizon tests
        chance: float,
        wanted: float,  # above chance
        **settings: Any,
    ) -> Record:
        estimate, lower, upper = (column.tolist() for column in curve)
        return Record(
            protocol="decoding",
            unit=unit,
            lags=self.lags,
            estimate=estimate,
            lower=lower,
            upper=upper,
            null=null.tolist(),
            n=[len(values)] * len(self.lags),
            horizon=curve_horizon(self.lags, values, chance, wanted),
            seed=self.seed,
            settings={**self.settings, **settings},
        )


def _token_records(make: _Maker, own: Scores, other: Scores, tokens: Tokens | None) -> list[Record]:
    if tokens is None or own.hits is None or own.bits is None or other.hits is None or other.bits is None:
        return []
    flat, chance = np.zeros(len(make.lags)), float(tokens.prior.max())
    entropy = float(-(tokens.prior * tokens.prior.log2()).sum())
    hits, bits = own.hits, own.bits
    limits = share_interval(hits, make.settings["steps"]["test"])
    above, more = make.margin * (1 - chance), make.margin * entropy
    shuffled = other.hits.mean(0).tolist(), other.bits.mean(0).tolist()
    wilson = {"interval": "Wilson, over sequences by the design effect", "shuffled": shuffled[0]}
    return [
        make.record("accuracy", (hits.mean(0), *limits), flat + chance, hits, chance, above, **wilson),
        make.record("bits", _mean_curve(bits), flat, bits, 0.0, more, shuffled=shuffled[1], entropy=entropy),
    ]


def _value_records(make: _Maker, own: Scores, other: Scores, readout: Readout) -> list[Record]:
    explained, chance = explained_values(own), explained_values(other)
    signed, nothing = correlation_values(own), correlation_values(other)
    settings: dict[str, Any] = {"correlation": signed.mean(0).tolist()}
    if make.settings["drive"] == "iid":
        each, exchanged = single_correlations(own)
        capacity = memory_capacity(each, exchanged, readout.rank)
        settings["capacity"] = {
            **capacity.to_dict(),
            "complete": make.lags == list(range(len(make.lags))),
        }
    return [
        make.record(
            "R2",
            _mean_curve(explained),
            chance.mean(0),
            explained,
            0.0,
            make.margin,
            ridges=readout.ridges[: len(make.lags)],
        ),
        make.record(
            "rho2",
            _squared_curve(signed),
            nothing.mean(0) ** 2,
            signed,
            0.0,
            make.margin**0.5,
            **settings,
        ),
    ]


def explained_values(scores: Scores) -> Floats:
    """Return (N, K) whose mean is R2 = 1 - error / total, and whose spread is that of the ratio, to first order."""
    error, total = scores.error.mean(0), scores.total.mean(0)
    r2 = 1 - error / total
    values: Floats = r2 + (scores.total - scores.error - r2 * scores.total) / total
    return values


def correlation_values(scores: Scores) -> Floats:
    """Return (N, K) whose mean is the correlation of predictions and targets (all F together), with its spread."""
    sums = (part.sum(-1) for part in (scores.product, scores.predicted, scores.wanted))
    return _correlations(*sums)


def single_correlations(scores: Scores) -> tuple[Floats, Floats]:
    """Return (N, K F) as `correlation_values`, for each target alone: with its own sequence, and with the next one."""
    own = _correlations(scores.product, scores.predicted, scores.wanted)
    exchanged = _correlations(scores.exchanged, scores.predicted, scores.wanted)
    return own.reshape(len(own), -1), exchanged.reshape(len(exchanged), -1)


def _correlations(product: Floats, predicted: Floats, wanted: Floats) -> Floats:
    """Linearise the correlation, which is 0 where nothing varies."""
    a, b = predicted.mean(0), wanted.mean(0)
    varies = a * b > 0
    a, b = np.where(varies, a, 1.0), np.where(varies, b, 1.0)
    size = np.sqrt(a * b)
    rho = product.mean(0) / size
    values: Floats = np.where(varies, rho + product / size - rho * (predicted / a + wanted / b) / 2, 0.0)
    return values


def _mean_curve(values: Floats) -> Curve:
    return values.mean(0), *sequence_interval(values)


def _squared_curve(signed: Floats) -> Curve:
    """Square an interval of the signed correlation: what it covers, the result covers, at zero too."""
    estimate, lower, upper = _mean_curve(signed)
    lower, upper = np.maximum(lower, -1), np.minimum(upper, 1)
    through = (lower <= 0) & (upper >= 0)
    low = np.where(through, 0.0, np.minimum(lower**2, upper**2))
    return estimate**2, np.minimum(low, estimate**2), np.maximum(np.maximum(lower**2, upper**2), estimate**2)

"""decoding: is the input of k steps ago still present in the features? A linear readout, tried on new sequences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.retention.capacity import memory_capacity
from seqtoolkit.retention.discriminant import contrasts
from seqtoolkit.retention.readout import Moments, Readout, fit, moments
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.scoring import SCORES, SHARPENED, Part, Scores, Tokens, score, scored_steps
from seqtoolkit.retention.statistics import (
    INTERVAL,
    check_sequences,
    curve_horizon,
    sequence_interval,
    share_interval,
)
from seqtoolkit.retention.view import View, check_causal, check_lags

TEST = VALIDATION = 0.25  # shares of the sequences; the rest is for training
MARGIN = 0.1  # of what there is above chance: how much more a horizon wants
MOST_SYMBOLS = 128

Floats = NDArray[np.float64]
Curve = tuple[Floats, Floats, Floats]  # estimate, lower, upper


def decoding(
    view: View,
    inputs: Tensor,
    lags: Sequence[int],
    *,
    seed: int = 0,
    drive: str = "iid",
    margin: float = MARGIN,
) -> list[Record]:
    """Fit for every lag k a linear readout of the input of k steps ago, and try it on new sequences.

    Half of the sequences train it, a quarter choose ridge and sharpness, a quarter test it. Every estimate is that of
    the fitted readout on new sequences, so R2 and bits may be negative; intervals are over test sequences. All lags use
    the steps from the longest one on, so that they share one Gram matrix.

    Tokens are read as contrasts of their one-hot code, and named by the linear discriminant that follows from that
    regression in closed form: a softmax of linear scores, as a multinomial logistic regression is, but not the very
    best one. So its bits are a lower bound of those that such a regression finds with endless data.

    Args:
        view: the model.
        inputs: (N, T) tokens or (N, T, F) features of N independent sequences, at least 120.
        lags: ascending, from 0 to T - 1.
        seed: decides which sequences train, validate and test.
        drive: what the inputs are: "iid" as `view.drive` draws them, or the name of a data set. Of independent ones,
            the memory capacity is measured too, in the settings of the "rho2" record.
        margin: share of what there is above chance that a horizon wants.

    Returns:
        Records by unit; for values "R2" (share of the variance explained; null: readouts fitted to and tried on the
        inputs of another sequence) and "rho2" (squared correlation, whose interval comes from the signed one); for
        tokens "accuracy" (null: naming the most frequent) and "bits" (entropy less cross-entropy) before these.

    Raises:
        ValueError: lags or sequences do not fit, inputs do not vary, features are not finite, or the model is not
            causal.
        RuntimeError: the capacity of independent inputs exceeds the rank of the features (see `memory_capacity`).
    """
    return report(fit_readouts(view, inputs, lags, seed=seed, drive=drive), lags, seed, margin)


def report(fitted: Fitted, lags: Sequence[int], seed: int, margin: float) -> list[Record]:
    """Return the records of fitted readouts, as `decoding` does."""
    own, other = (fitted.scores.columns(which) for which in (slice(len(lags)), slice(len(lags), None)))
    make = _Maker(list(lags), seed, margin, {**fitted.settings, "margin": margin})
    return [
        *_token_records(make, own, other, fitted.tokens),
        *_value_records(make, own, other, fitted.readout),
    ]


@dataclass(frozen=True)
class Fitted:
    """Readouts at 2 K columns, the lags and then the lags of shuffled pairs, and how they did on test sequences."""

    readout: Readout
    tokens: Tokens | None
    scores: Scores
    settings: dict[str, Any]


def fit_readouts(
    view: View, inputs: Tensor, lags: Sequence[int], *, seed: int = 0, drive: str = "iid"
) -> Fitted:
    """Fit and score the readouts that `decoding` reports; the same arguments and errors."""
    check_lags(lags, inputs.shape[1])
    parts = split(len(inputs), seed)
    targets, symbols, frequency = _targets(view, inputs, parts[0], drive)
    _check_steps(view, len(parts[0]), inputs.shape[1], lags[-1])
    check_causal(view, inputs)
    train, val, test = (Part.of(inputs, targets, symbols, which) for which in parts)
    tried, tested = scored_steps(val, lags, SHARPENED), scored_steps(test, lags, SCORES)
    seen = moments(view, train.inputs, train.targets, lags, tried[:0])
    checked = moments(view, val.inputs, val.targets, lags, tried)
    _check_variance(seen)
    readout, tokens = fit(seen, checked), None
    if frequency is not None:
        tokens = Tokens(readout, frequency)
        tokens.sharpen(checked.kept, readout, val, lags, tried)
    settings = {
        "interval": INTERVAL,
        "part": view.part,
        "drive": drive,
        "readout": "ridge" if tokens is None else "linear discriminant by ridge",
        "sequences": {"train": len(parts[0]), "validation": len(parts[1]), "test": len(parts[2])},
        "steps": {"train": seen.rows // len(parts[0]), "test": len(tested)},
        "fewer_sequences_than_features": len(parts[0]) < view.width,
        "rank": readout.rank,
    }
    return Fitted(readout, tokens, score(view, readout, test, lags, tested, tokens), settings)


def split(n: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Deal n sequences out to training, validation and test."""
    test, val = int(n * TEST), int(n * VALIDATION)
    check_sequences(test, "an interval of decoding", TEST)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    return order[test + val :], order[test : test + val], order[:test]


def _targets(
    view: View, inputs: Tensor, train: Tensor, drive: str
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Return what is decoded (N, T, F); for tokens also their numbers (N, T) and frequencies (V,)."""
    if view.num_features:
        if not torch.isfinite(inputs).all():
            raise ValueError("the inputs are not finite everywhere; decoding needs numbers at every step")
        return inputs, None, None
    known, symbols = torch.unique(inputs, return_inverse=True)
    if not 2 <= len(known) <= MOST_SYMBOLS:
        raise ValueError(
            f"the inputs have {len(known)} different tokens; decoding needs 2 to {MOST_SYMBOLS}:"
            " drive the model with some of its symbols, as in drive(..., symbols=range(64))"
        )
    counts = torch.bincount(symbols[train].flatten(), minlength=len(known)).double() + 0.5
    frequency = torch.ones_like(counts) / len(known) if drive == "iid" else counts / counts.sum()
    return contrasts(frequency).float()[symbols], symbols, frequency


def _check_steps(view: View, n: int, steps: int, last: int) -> None:
    """Raise ValueError when a readout of D weights would be fitted to fewer than 2 D steps."""
    rows = n * (steps - last)
    if rows < 2 * view.width:
        more = -(-2 * view.width // (steps - last))
        raise ValueError(
            f"{n} training sequences with {steps - last} steps each after lag {last} are {rows} steps for {view.width}"
            f" features; at least {2 * view.width} are needed: give"
            f" {math.ceil(more / (1 - TEST - VALIDATION))} sequences or more in all, longer ones, or shorter lags"
        )


def _check_variance(seen: Moments) -> None:
    if bool((seen.target_variance <= 1e-12 * (seen.target_variance + seen.target_mean**2)).any()):
        raise ValueError(
            "the inputs do not vary at some lag, so there is nothing to decode; give independent inputs, as"
            " drive(view, n, steps, seed) draws them"
        )


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

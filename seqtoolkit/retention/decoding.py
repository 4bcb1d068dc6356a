"""decoding: is the input of k steps ago still present in the features? A linear readout, tried on new sequences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from seqtoolkit.retention.decoding_report import Fitted, report
from seqtoolkit.retention.discriminant import contrasts
from seqtoolkit.retention.measured import checked
from seqtoolkit.retention.readout import Moments, fit, moments
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.scoring import SCORES, SHARPENED, Part, Tokens, score, scored_steps
from seqtoolkit.retention.statistics import INTERVAL, check_sequences
from seqtoolkit.retention.view import View

TEST = VALIDATION = 0.25  # shares of the sequences; the rest is for training
MARGIN = 0.1  # of what there is above chance: how much more a horizon wants
MOST_SYMBOLS = 128


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
        drive: what the inputs are: "iid" as `drive.drive` draws them, or the name of a data set. Of independent ones,
            the memory capacity is measured too, in the settings of the "rho2" record.
        margin: share of what there is above chance that a horizon wants.

    Returns:
        Records by unit; for values "R2" (share of the variance explained; null: readouts fitted to and tried on the
        inputs of another sequence) and "rho2" (squared correlation, whose interval comes from the signed one); for
        tokens "accuracy" (null: naming the most frequent) and "bits" (entropy less cross-entropy) before these.

    Raises:
        ValueError: lags or sequences do not fit, inputs do not vary, features are not finite, or the model is not
            causal.
        ImpossibleCapacity: the capacity of independent inputs exceeds the rank of the features (see `memory_capacity`).
    """
    return report(fit_readouts(view, inputs, lags, seed=seed, drive=drive), lags, seed, margin)


def fit_readouts(
    view: View, inputs: Tensor, lags: Sequence[int], *, seed: int = 0, drive: str = "iid"
) -> Fitted:
    """Fit and score the readouts that `decoding` reports; the same arguments and errors."""
    inputs = checked(view, inputs, lags)
    parts = split(len(inputs), seed)
    targets, symbols, frequency = _targets(view, inputs, parts[0], drive)
    _check_steps(view, len(parts[0]), inputs.shape[1], lags[-1])
    train, val, test = (Part.of(inputs, targets, symbols, which) for which in parts)
    tried, tested = scored_steps(val, lags, SHARPENED), scored_steps(test, lags, SCORES)
    seen = moments(view, train.inputs, train.targets, lags, tried[:0])
    chosen = moments(view, val.inputs, val.targets, lags, tried)
    _check_variance(seen)
    readout, tokens = fit(seen, chosen), None
    if frequency is not None:
        tokens = Tokens(readout, frequency)
        tokens.sharpen(chosen.kept, readout, val, lags, tried)
    settings = {
        "interval": INTERVAL,
        "part": view.part,
        "drive": drive,
        "readout": "ridge" if tokens is None else "linear discriminant by ridge",
        "sequences": {"train": len(parts[0]), "validation": len(parts[1]), "test": len(parts[2])},
        "steps": {"train": seen.rows // len(parts[0]), "test": len(tested)},
        "features": view.width,
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

"""truncation: how much context helps on real data? The loss with only the last c inputs, against all inputs.

Khandelwal, He, Qi & Jurafsky 2018, "Sharp nearby, fuzzy far away: how neural language models use context".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqtoolkit.batch import Batch
from seqtoolkit.retention.bootstrap import LEAST, RESAMPLES, percentile_interval, resampled_sums
from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.retention.shared import backs, shared
from seqtoolkit.retention.statistics import ALPHA
from seqtoolkit.retention.targets import Asked, collect, longest
from seqtoolkit.retention.view import View
from seqtoolkit.retention.windows import exchanged, portions, truncated, whole_losses

WITHIN = 0.01  # of the full loss: there the context is enough (Khandelwal et al. 2018)
ROUNDING = 1e-4  # nats: below it two losses differ by arithmetic
CUT = {
    "model": "the inputs",
    "encoder": "the source, to its last symbols; what the decoder reads stays whole",
    "decoder": "what the decoder reads, which then begins there; the source stays whole",
}
TARGETS = 2  # of a sequence, drawn when there are more: what is resampled are sequences
NULL_TARGETS = 256  # at most whose far context is exchanged
NULL_STEPS = 2**19  # that are read for it: with more contexts there are fewer targets
LEAST_NULL = 64

Floats = NDArray[np.float64]


@torch.no_grad()
def truncation(
    view: View,
    batches: Sequence[Batch],
    lags: Sequence[int],
    *,
    seed: int = 0,
    drive: str = "data",
    targets: int = TARGETS,
    within: float = WITHIN,
    resamples: int = RESAMPLES,
) -> list[Record]:
    """Measure the loss with the last c inputs, for each c in `lags`, and the effective context.

    The effective context (the record's horizon) is the least c from which on the loss stays within 1 % of the loss with
    all inputs; censored when no c is long enough. The interval resamples sequences, all contexts together. Null: the
    last c inputs after a far context that belongs to another target, which cannot tell anything.

    Where the steps before a target have targets too, contexts that follow each other share a run (see `shared`): it
    begins at one input, and is read at eight successive targets, each of which has its own context. What it costs more
    than all inputs is taken at the same target, and added to the loss with all inputs.

    Of an encoder-decoder, the inputs are those of the part that is looked at: of the decoder what it reads itself, from
    a fresh state after a whole source; of the encoder the last c symbols of the source, for all targets alike.

    Args:
        view: of a model, an encoder or a decoder, with the loss in whose unit the curve is.
        batches: sequences with their supervised targets.
        lags: contexts c, 1 or more, ascending, none longer than what stands before every target.
        seed: of the targets that are drawn from sequences with many, of the exchanged contexts and the resampling.
        drive: the name of the data.
        targets: most of one sequence.
        within: share of the full loss that does not count.
        resamples: of the sequences.

    Raises ValueError: contexts that are not ascending or too long; fewer than 30 sequences.
    """
    asked = collect(view, batches, targets, torch.Generator().manual_seed(seed))
    sequences, number = np.unique(asked.row.numpy(), return_inverse=True)
    _check(lags, longest(view, batches), len(sequences))
    groups = shared(lags, asked.span)
    full = whole_losses(view, asked)
    curve = [truncated(view, asked, group, full) for group in groups]
    _check_finite([full, *curve])
    summed = _summed(asked, groups, curve, full)
    sums = np.zeros((len(sequences), summed.shape[1]))
    np.add.at(sums, number, summed)
    means, resampled = _means(sums.sum(0)), _means(resampled_sums(sums, resamples, seed))
    null, null_targets = _null(view, asked, groups, full, seed)
    settings = {
        "part": view.part,
        "cut": CUT.get(view.part, CUT["model"]),
        "drive": drive,
        "within": within,
        "targets": len(asked.row),
        "steps_read": asked.span,
        "longest": asked.longest,
        "null_targets": null_targets,
        "rounding": ROUNDING if view.loss.unit == "nats" else 0.0,
    }
    return [_record(view.loss.unit, list(lags), means, resampled, null, len(sequences), seed, settings)]


def _record(
    unit: str,
    lags: list[int],
    means: Floats,
    resampled: Floats,
    null: list[float],
    sequences: int,
    seed: int,
    settings: dict[str, Any],
) -> Record:
    """Make the record of mean losses (K + 1), the full one last, and of those of resampled sequences."""
    intervals = [percentile_interval(m, r) for m, r in zip(means[:-1], resampled.T[:-1], strict=True)]
    return Record(
        protocol="truncation",
        unit=unit,
        lags=lags,
        estimate=means[:-1].tolist(),
        lower=[low for low, _ in intervals],
        upper=[high for _, high in intervals],
        null=null,
        n=[sequences] * len(lags),
        horizon=_horizon(lags, means, resampled, settings["within"], settings["rounding"]),
        seed=seed,
        settings={
            "interval": "percentile bootstrap of sequences",
            "null": "far context of another target",
            "full_loss": float(means[-1]),
            **settings,
        },
    )


def _check_finite(losses: Sequence[Floats]) -> None:
    if not all(np.isfinite(each).all() for each in losses):
        raise ValueError(
            "the loss of some targets is not finite: their inputs have missing values, or the model diverged;"
            " mend the data, or measure an earlier checkpoint"
        )


def _check(lags: Sequence[int], most: int, sequences: int) -> None:
    if not lags or min(lags) < 1 or list(lags) != sorted(set(lags)):
        raise ValueError(f"contexts are {list(lags)!s:.60}; they must be 1 or more and ascending")
    if lags[-1] > most:
        raise ValueError(
            f"a context of {lags[-1]} inputs is longer than what stands before any target ({most});"
            f" use contexts up to {most}"
        )
    if sequences < LEAST:
        raise ValueError(
            f"{sequences} sequences with targets are too few for an interval; at least {LEAST} are needed"
        )


def _summed(asked: Asked, groups: Sequence[Sequence[int]], curve: Sequence[Floats], full: Floats) -> Floats:
    """Return (M, 2 K + 2): for each context what it costs more than all inputs and of how many targets; of all."""
    known = asked.known.double().numpy()
    worse = [losses - full[:, backs(group)] for losses, group in zip(curve, groups, strict=True)]
    counted = [known[:, backs(group)] for group in groups]
    return np.column_stack([*worse, *counted, full.sum(1), known.sum(1)])


def _means(sums: Floats) -> Floats:
    """Turn sums (..., 2 K + 2) into the mean losses (..., K + 1), the full one last."""
    contexts = sums.shape[-1] // 2 - 1
    full = sums[..., -2:-1] / sums[..., -1:]
    worse = sums[..., :contexts] / sums[..., contexts:-2]
    return np.concatenate([full + worse, full], -1)


def _null(
    view: View, asked: Asked, groups: Sequence[Sequence[int]], full: Floats, seed: int
) -> tuple[list[float], int]:
    """Return the loss at each context when what lies further back is that of another target, and of how many targets.

    Of some targets: how much more it is than their full loss, on top of the full loss of all.
    """
    count = min(NULL_TARGETS, max(LEAST_NULL, NULL_STEPS // (len(groups) * asked.longest)))
    which = torch.randperm(len(asked.row), generator=torch.Generator().manual_seed(seed + 1))[:count]
    mine, other = asked.pick(which), asked.pick(which.roll(1))
    before = full[which.numpy()]
    curve = []
    for group in groups:
        losses = before[:, backs(group)]
        cut = ((mine.step >= group[-1]) & (mine.row != other.row)).nonzero().squeeze(1)
        for some in portions(view, cut, asked.longest):
            losses[some.numpy()] = exchanged(view, mine.pick(some), other.pick(some), group)
        curve.append(losses)
    means = _means(_summed(mine, groups, curve, before).sum(0))
    return (means[:-1] - means[-1] + full.sum() / asked.known.sum().item()).tolist(), len(which)


def _horizon(
    lags: Sequence[int], means: Floats, resampled: Floats, within: float, rounding: float
) -> Horizon:
    """Find the effective context, its interval, and whether it lies beyond the contexts that were measured."""
    found = effective(resampled, within, rounding)
    low, high = np.quantile(found, [ALPHA / 2, 1 - ALPHA / 2], method="closest_observation").tolist()
    estimate = int(effective(means[None], within, rounding)[0])
    last = len(lags) - 1
    return Horizon(
        estimate=lags[min(estimate, last)],
        lower=lags[min(low, estimate, last)],
        upper=lags[min(max(high, estimate), last)],
        censored=estimate > last,
        upper_censored=max(high, estimate) > last,
    )


def effective(means: Floats, within: float = WITHIN, rounding: float = ROUNDING) -> NDArray[np.int64]:
    """Return for each row of losses (R, K + 1), the full one last, the first context from which on all suffice.

    K when even the longest does not.
    """
    enough = means[:, :-1] <= means[:, -1:] * (1 + within) + rounding
    suffix = np.logical_and.accumulate(enough[:, ::-1], axis=1)
    result: NDArray[np.int64] = enough.shape[1] - suffix.sum(1)
    return result

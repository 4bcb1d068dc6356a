"""truncation: how much context helps on real data? The loss on the same targets with only the last c inputs.

Khandelwal, He, Qi & Jurafsky 2018, "Sharp nearby, fuzzy far away: how neural language models use context".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.retention.bootstrap import LEAST, RESAMPLES, percentile_interval, resampled_sums
from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.retention.statistics import ALPHA
from seqtoolkit.retention.targets import Asked, collect
from seqtoolkit.retention.view import View

WITHIN = 0.01  # of the full loss: there the context is enough (Khandelwal et al. 2018)
ROUNDING = 1e-4  # nats: below it two losses differ by arithmetic
TARGETS = 8  # of a sequence; drawn when there are more
NULL_TARGETS = 256  # whose far context is exchanged
TOKENS = 65_536  # of a forward

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

    Args:
        view: of a model with a head.
        batches: sequences with their supervised targets.
        lags: contexts c, 1 or more, ascending, none longer than what stands before every target.
        seed: of the targets that are drawn from sequences with many, of the exchanged contexts and the resampling.
        drive: the name of the data.
        targets: most of one sequence.
        within: share of the full loss that does not count.
        resamples: of the sequences.

    Raises ValueError: an encoder has no loss; contexts that are not ascending or too long; fewer than 30 sequences.
    """
    if not view.has_head:
        raise ValueError("an encoder predicts nothing, so it has no loss to truncate; measure the decoder")
    asked = collect(batches, targets, torch.Generator().manual_seed(seed))
    sequences, number = np.unique(asked.row.numpy(), return_inverse=True)
    _check(lags, asked.longest, len(sequences))
    full = _losses(view, asked, asked.longest)
    curve = [_truncated(view, asked, c, full) for c in lags]  # K of (M,)
    sums = np.zeros(
        (len(sequences), len(lags) + 2)
    )  # of each sequence: the losses, the full loss, the targets
    np.add.at(sums, number, np.column_stack([*curve, full, np.ones_like(full)]))
    means, resampled = _means(sums.sum(0)), _means(resampled_sums(sums, resamples, seed))
    settings = {
        "part": view.part,
        "drive": drive,
        "within": within,
        "targets": len(asked.row),
        "longest": asked.longest,
    }
    null = _null(view, asked, lags, full, seed)
    return [_record(list(lags), means, resampled, null, len(sequences), seed, settings)]


def _record(
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
        unit="nats",
        lags=lags,
        estimate=means[:-1].tolist(),
        lower=[low for low, _ in intervals],
        upper=[high for _, high in intervals],
        null=null,
        n=[sequences] * len(lags),
        horizon=_horizon(lags, means, resampled, settings["within"]),
        seed=seed,
        settings={
            "interval": "percentile bootstrap of sequences",
            "null": "far context of another target",
            "full_loss": float(means[-1]),
            "rounding": ROUNDING,
            **settings,
        },
    )


def _check(lags: Sequence[int], longest: int, sequences: int) -> None:
    if not lags or min(lags) < 1 or list(lags) != sorted(set(lags)):
        raise ValueError(f"contexts are {list(lags)!s:.60}; they must be 1 or more and ascending")
    if lags[-1] > longest:
        raise ValueError(
            f"a context of {lags[-1]} inputs is longer than what stands before any target ({longest});"
            f" use contexts up to {longest}"
        )
    if sequences < LEAST:
        raise ValueError(
            f"{sequences} sequences with targets are too few for an interval; at least {LEAST} are needed"
        )


def _truncated(view: View, asked: Asked, context: int, full: Floats) -> Floats:
    """Return the losses (M,) with the last `context` inputs; those that have no more of them are as with all."""
    losses, cut = full.copy(), asked.step >= context
    if cut.any():
        losses[cut.numpy()] = _losses(view, asked.pick(cut), context)
    return losses


def _losses(view: View, asked: Asked, context: int) -> Floats:
    """Return the losses (M,) with at most the last `context` inputs before each target."""
    offsets, parts = torch.arange(context), []
    for some in _portions(torch.arange(len(asked.row)), context):
        part = asked.pick(some)
        where = (part.step - context + 1).clamp(min=0).unsqueeze(1) + offsets  # (m, c)
        last = part.step.clamp(max=context - 1)
        where = where.clamp(max=asked.inputs.shape[1] - 1)  # what lies behind the target is not read
        parts.append(_score(view, asked.inputs[part.row.unsqueeze(1), where], last, part.target))
    return np.concatenate(parts)


def _score(view: View, windows: Tensor, last: Tensor, target: Tensor) -> Floats:
    """Return the losses (m,) of what is predicted from the step `last` of each window."""
    features = view.features(view.embed(windows.to(view.device)))
    scores = view.head(
        features[torch.arange(len(features), device=features.device), last.to(features.device)]
    )
    assert scores is not None
    losses = torch.nn.functional.cross_entropy(scores.float(), target.to(scores.device), reduction="none")
    result: Floats = losses.double().cpu().numpy()
    return result


def _null(view: View, asked: Asked, lags: Sequence[int], full: Floats, seed: int) -> list[float]:
    """Return the loss at each context when what lies further back is that of another target.

    Of some targets: how much more it is than their full loss, on top of the full loss of all.
    """
    generator = torch.Generator().manual_seed(seed + 1)
    which = torch.randperm(len(asked.row), generator=generator)[:NULL_TARGETS]
    mine, other = asked.pick(which), asked.pick(which.roll(1))
    before = full[which.numpy()]
    worse = []
    for context in lags:
        losses = before.copy()
        cut = ((mine.step >= context) & (mine.row != other.row)).nonzero().squeeze(1)
        for some in _portions(cut, asked.longest):
            losses[some.numpy()] = _exchanged(view, mine.pick(some), other.pick(some), context)
        worse.append(float((losses - before).mean()))
    return [float(full.mean()) + value for value in worse]


def _exchanged(view: View, mine: Asked, other: Asked, context: int) -> Floats:
    """Return the losses with the last `context` inputs after those that stand as far before another target."""
    far = torch.minimum(mine.step, other.step) + 1 - context  # (m,) its steps: those that both have
    far = far.clamp(min=0).unsqueeze(1)
    steps = torch.arange(int(far.max()) + context)
    near = mine.step.unsqueeze(1) - context + 1 + steps - far
    donor = other.step.unsqueeze(1) - context + 1 + steps - far
    source = torch.where(steps < far, other.row.unsqueeze(1), mine.row.unsqueeze(1))
    where = torch.where(steps < far, donor, near).clamp(0, mine.inputs.shape[1] - 1)
    return _score(view, mine.inputs[source, where], far.squeeze(1) + context - 1, mine.target)


def _portions(which: Tensor, steps: int) -> list[Tensor]:
    """Cut (m,) rows into those of one forward, of sequences of so many steps."""
    size = max(1, TOKENS // steps)
    return [which[start : start + size] for start in range(0, len(which), size)]


def _means(sums: Floats) -> Floats:
    """Turn sums (..., K + 2) into the mean losses (..., K + 1), the full one last."""
    means: Floats = sums[..., :-1] / sums[..., -1:]
    return means


def _horizon(lags: Sequence[int], means: Floats, resampled: Floats, within: float) -> Horizon:
    """Find the effective context, its interval, and whether it lies beyond the contexts that were measured."""
    found = effective(resampled, within)
    low, high = np.quantile(found, [ALPHA / 2, 1 - ALPHA / 2], method="closest_observation").tolist()
    estimate = int(effective(means[None], within)[0])
    last = len(lags) - 1
    return Horizon(
        estimate=lags[min(estimate, last)],
        lower=lags[min(low, estimate, last)],
        upper=lags[min(max(high, estimate), last)],
        censored=estimate > last,
        upper_censored=max(high, estimate) > last,
    )


def effective(means: Floats, within: float = WITHIN) -> NDArray[np.int64]:
    """Return for each row of losses (R, K + 1), the full one last, the first context from which on all suffice.

    K when even the longest does not.
    """
    enough = means[:, :-1] <= means[:, -1:] * (1 + within) + ROUNDING
    suffix = np.logical_and.accumulate(enough[:, ::-1], axis=1)
    result: NDArray[np.int64] = enough.shape[1] - suffix.sum(1)
    return result

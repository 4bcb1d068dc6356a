"""The supervised targets of sequences, each with the inputs that stand before it, and the targets just before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from seqtoolkit.batch import Batch
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention.shared import SPAN
from seqtoolkit.retention.view import View

DENSE = 0.95  # of the steps just before targets have one too, on average over all targets


@dataclass(frozen=True)
class Beside:
    """What else stands before each of M targets and is never cut: the other half of an encoder-decoder."""

    inputs: Tensor  # (N, S) tokens, padded on the right
    last: Tensor  # (M,) the last of them that counts


@dataclass(frozen=True)
class Asked:
    """M targets of N sequences and the S - 1 steps before each of them, which may have targets too."""

    inputs: Tensor  # (N, T) tokens or (N, T, F) features, padded on the right
    row: Tensor  # (M,) the sequence of each target
    step: Tensor  # (M,) the last input that counts: a target has step + 1 inputs behind it
    target: Tensor  # (M, S) classes, or (M, S, K) values or labels: its own, that of the step before it, ...
    known: Tensor  # (M, S) bool: whether there is one; its own always is
    beside: Beside | None = None

    @property
    def span(self) -> int:
        """Return how many steps are looked at for each target."""
        return self.known.shape[1]

    @property
    def longest(self) -> int:
        """Return the inputs behind the target that has most, of these."""
        return int(self.step.max()) + 1 if len(self.step) else 0

    def pick(self, which: Tensor) -> Asked:
        """Keep some of the targets."""
        beside = None if self.beside is None else replace(self.beside, last=self.beside.last[which])
        return replace(
            self,
            row=self.row[which],
            step=self.step[which],
            target=self.target[which],
            known=self.known[which],
            beside=beside,
        )


class _Halves(NamedTuple):
    """A batch as a part of a model reads it: B rows, the supervised steps of the one that predicts."""

    inputs: Tensor  # (B, T) or (B, T, F): read by the part
    beside: Tensor | None  # (B, S) read by the other part
    lengths: Tensor | None  # (B,) of the source
    targets: Tensor  # (B, T) or (B, T, K)
    mask: Tensor  # (B, T) bool


def collect(view: View, batches: Sequence[Batch], most: int, generator: torch.Generator) -> Asked:
    """Collect the supervised targets of all sequences as a part of a model meets them, at most so many of each.

    Of a decoder its own inputs are cut, and the source stays whole; of an encoder the source is cut to its last
    symbols, and what the decoder reads stays whole. A target of which nothing is known (NaN) is none.

    Where nearly all SPAN - 1 steps before them have targets too, as in a language model, those are collected with them;
    otherwise, as of answers that stand alone, the targets themselves only.
    """
    found, steps, successive = [], 0, 0
    for batch in batches:
        halves = _halves(view, batch)
        steps += int(halves.mask.sum())
        successive += _successive(halves.mask)
        chance = torch.rand(halves.mask.shape, generator=generator).masked_fill(~halves.mask, -1.0)
        best = chance.topk(min(most, chance.shape[1]), dim=1)
        row, place = (best.values >= 0).nonzero(as_tuple=True)
        step = best.indices[row, place]
        found.append(_asked(view, halves, row, step))
    joined = _joined(found, [len(batch) for batch in batches])
    dense = view.part != "encoder" and successive >= DENSE * steps * SPAN
    return joined if dense else replace(joined, target=joined.target[:, :1], known=joined.known[:, :1])


def contexts(view: View, lags: Sequence[int], batches: Sequence[Batch]) -> list[int]:
    """Return the lags that are contexts of these sequences: 1 or more, and no longer than the longest history.

    Raises ValueError when none is.
    """
    most = longest(view, batches)
    fitting = [lag for lag in lags if 1 <= lag <= most]
    if not fitting:
        raise ValueError(
            f"none of the lags {list(lags)!s:.60} is a context of these data, whose targets have at most {most}"
            f" inputs behind them: give --lags 1:{max(most, 1)}"
        )
    return fitting


def longest(view: View, batches: Sequence[Batch]) -> int:
    """Return the inputs behind the target that has most, of all of them."""
    most = 0
    for batch in batches:
        halves = _halves(view, batch)
        if view.part == "encoder" and halves.lengths is not None:
            most = max(most, int(halves.lengths.max()))
        elif halves.mask.any():
            most = max(most, int(halves.mask.nonzero()[:, 1].max()) + 1)
    return most


def _halves(view: View, batch: Batch) -> _Halves:
    inputs, targets, mask = batch.inputs.cpu(), batch.targets.cpu(), batch.mask.cpu()
    if not isinstance(view.model, EncoderDecoder):
        known = mask & ~targets.isnan().all(-1) if targets.is_floating_point() else mask
        return _Halves(inputs, None, None, targets, known)
    parts = view.model.split(inputs, mask)
    classes = torch.zeros_like(parts.target)
    classes[parts.mask] = targets[mask]  # in both, row by row
    if view.part == "encoder":
        return _Halves(parts.source, parts.target, parts.lengths, classes, parts.mask)
    return _Halves(parts.target, parts.source, parts.lengths, classes, parts.mask)


def _successive(mask: Tensor) -> int:
    """Count the targets (B, T) that each target could be read with: itself and those at most SPAN - 1 steps before."""
    steps = mask.shape[1]
    return sum(int((mask[:, back:] & mask[:, : steps - back]).sum()) for back in range(min(SPAN, steps)))


def _asked(view: View, halves: _Halves, row: Tensor, step: Tensor) -> Asked:
    at = step.unsqueeze(1) - torch.arange(SPAN)  # (M, S)
    there, rows = at.clamp(min=0), row.unsqueeze(1)
    target, known = halves.targets[rows, there], halves.mask[rows, there] & (at >= 0)
    if halves.beside is None or halves.lengths is None:
        return Asked(halves.inputs, row, step, target, known)
    end = halves.lengths[row] - 1  # the last symbol of the source
    last, beside = (end, step) if view.part == "encoder" else (step, end)
    return Asked(halves.inputs, row, last, target, known, Beside(halves.beside, beside))


def _joined(found: Sequence[Asked], sizes: Sequence[int]) -> Asked:
    """Join the targets of batches, whose sequences are numbered on."""
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    besides = [one.beside for one in found if one.beside is not None]
    return Asked(
        inputs=_padded([one.inputs for one in found]),
        row=torch.cat([one.row + start for one, start in zip(found, starts, strict=True)]),
        step=torch.cat([one.step for one in found]),
        target=torch.cat([one.target for one in found]),
        known=torch.cat([one.known for one in found]),
        beside=Beside(_padded([b.inputs for b in besides]), torch.cat([b.last for b in besides]))
        if besides
        else None,
    )


def _padded(rows: Sequence[Tensor]) -> Tensor:
    """Join rows (B, T) or (B, T, F) of several lengths."""
    width = max(one.shape[1] for one in rows)
    pads = ([0, 0] * (one.ndim - 2) + [0, width - one.shape[1]] for one in rows)
    return torch.cat([functional.pad(one, pad) for one, pad in zip(rows, pads, strict=True)])

"""How well fitted readouts predict the past of new sequences: one number for each sequence and lag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.retention.discriminant import discriminants, log_probabilities, sharpen
from seqtoolkit.retention.readout import Readout, forward
from seqtoolkit.retention.view import View

SCORES = 2**23  # predicted numbers in all; with more, fewer steps of each sequence are scored
SHARPENED = 2**21  # of those that set the sharpness
AT_ONCE = 2**20  # of those in memory
SPARSE = 4  # of shuffled pairs, which say where chance is, every fourth step is enough

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """What was predicted of N test sequences at C columns, of F targets each."""

    error: Floats  # (N, C) mean squared error, all targets together
    total: Floats  # (N, C) mean square about the training mean
    product: Floats  # (N, C, F) mean product of prediction and target, both centred
    exchanged: Floats  # (N, C, F) the same with the targets of the next sequence
    predicted: Floats  # (N, C, F) mean square of the prediction
    wanted: Floats  # (N, C, F) mean square of the target
    hits: Floats | None = None  # (N, C) share of symbols that were named
    bits: Floats | None = None  # (N, C) entropy of the symbol less cross-entropy

    def columns(self, which: slice) -> Scores:
        """Keep some columns."""
        return _scores({name: None if v is None else v[:, which] for name, v in vars(self).items()})


@dataclass(frozen=True)
class Part:
    """Sequences of one part, with what is looked for in them at G * K columns."""

    inputs: Tensor  # (N, T) or (N, T, F)
    targets: list[Tensor]  # G of (N, T, F)
    symbols: list[Tensor] | None  # G of (N, T) numbers of symbols

    @classmethod
    def of(cls, inputs: Tensor, targets: Tensor, symbols: Tensor | None, which: Tensor) -> Part:
        """Take the sequences `which`, and beside their targets those of the next sequence: the shuffled pairing."""
        own = targets[which]
        named = None if symbols is None else symbols[which]
        return cls(inputs[which], [own, own.roll(1, 0)], None if named is None else [named, named.roll(1, 0)])


class Tokens:
    """What makes symbols of predicted contrasts: maps, offsets and sharpness of each column, and the prior."""

    def __init__(self, readout: Readout, frequency: Tensor) -> None:
        self.maps, self.offsets = discriminants(readout, frequency)
        self.prior = frequency
        self.sharpness = torch.ones(len(self.maps)).to(frequency)

    def scores(self, predictions: Tensor, columns: slice) -> Tensor:
        """Return (R, C, V) of predicted contrasts (R, C, V - 1)."""
        raw = torch.einsum("rcf,cfv->rcv", predictions, self.maps[columns]) + self.offsets[columns]
        return raw.float()  # the rest is exponentials

    def sharpen(
        self, features: Tensor, readout: Readout, part: Part, lags: Sequence[int], where: Tensor
    ) -> None:
        """Set the sharpness of each column, by features (N, S, D) at the steps `where` (S,) of unseen sequences."""
        for columns, predictions, _, picked in _blocks(features, readout, part, lags, where):
            assert picked is not None
            scores = self.scores(predictions.flatten(0, 1), columns)
            self.sharpness[columns] = sharpen(scores, picked.flatten(0, 1), self.prior.float()).to(
                self.sharpness
            )


@torch.no_grad()
def score(
    view: View,
    readout: Readout,
    part: Part,
    lags: Sequence[int],
    where: Tensor,
    tokens: Tokens | None = None,
) -> Scores:
    """Score every column of a readout at the steps `where` (S,) of a part."""
    features = torch.cat([each[:, where].double() for each in forward(view, part.inputs)])
    parts = [
        _scored(predictions, wanted, picked, columns, tokens)
        for columns, predictions, wanted, picked in _blocks(features, readout, part, lags, where)
    ]
    joined = {
        name: np.concatenate([part[name] for part in parts], 1) if parts[0][name] is not None else None
        for name in parts[0]
    }
    return _scores(joined)


def _scores(values: dict[str, Any]) -> Scores:
    return Scores(**values)


def scored_steps(part: Part, lags: Sequence[int], numbers: int) -> Tensor:
    """Choose evenly spaced steps, the same in each sequence, so that about so many numbers are predicted in all."""
    first, steps = max(lags), part.inputs.shape[1]
    width = part.targets[0].shape[-1] + (part.symbols is not None)
    each = len(part.inputs) * len(lags) * width * (1 + 1 / SPARSE)
    count = min(steps - first, max(1, int(numbers / each)))
    return torch.linspace(first, steps - 1, count).round().long()


def _blocks(
    features: Tensor, readout: Readout, part: Part, lags: Sequence[int], where: Tensor
) -> Iterator[tuple[slice, Tensor, Tensor, Tensor | None]]:
    """Yield for some columns at a time predictions and targets (N, S, C, F), centred, and symbols (N, S, C)."""
    every, whole, count, width = where, features - readout.mean, len(lags), readout.weights.shape[-1]
    size = max(1, AT_ONCE // (whole.shape[0] * whole.shape[1] * (width + 1)))
    for group, targets in enumerate(part.targets):
        features, where = (whole[:, ::SPARSE], every[::SPARSE]) if group else (whole, every)
        symbols = None if part.symbols is None else part.symbols[group]
        for at in range(0, count, size):
            columns = slice(group * count + at, group * count + min(at + size, count))
            weights = readout.weights[columns].transpose(0, 1).flatten(1)  # (D, C F)
            predictions = (features @ weights).view(*features.shape[:2], -1, width)
            past = where[:, None] - torch.tensor(lags[at : at + size])  # (S, C)
            wanted = targets[:, past].to(features) - readout.target_mean[columns]
            yield columns, predictions, wanted, None if symbols is None else symbols[:, past]


def _scored(
    predictions: Tensor, wanted: Tensor, picked: Tensor | None, columns: slice, tokens: Tokens | None
) -> dict[str, Any]:
    """Average predictions and targets (N, S, C, F) over the steps of each sequence."""
    error, total = ((predictions - wanted) ** 2).sum(-1).mean(1), (wanted**2).sum(-1).mean(1)
    p, u = predictions - predictions.mean((0, 1)), wanted - wanted.mean((0, 1))
    means = {
        "error": error,
        "total": total,
        "product": (p * u).mean(1),
        "exchanged": (p * u.roll(1, 0)).mean(1),
        "predicted": (p**2).mean(1),
        "wanted": (u**2).mean(1),
    }
    result: dict[str, Any] = {name: value.cpu().numpy() for name, value in means.items()}
    if tokens is None or picked is None:
        return {**result, "hits": None, "bits": None}
    log_p = log_probabilities(
        tokens.scores(predictions.flatten(0, 1), columns).view(*p.shape[:3], -1),
        tokens.prior.float(),
        tokens.sharpness[columns, None].float(),
    )
    said = log_p.gather(-1, picked[..., None]).squeeze(-1).double() - tokens.prior.log()[picked]
    hits = (log_p.argmax(-1) == picked).double()
    return {
        **result,
        "hits": hits.mean(1).cpu().numpy(),
        "bits": (said.mean(1) / torch.log(torch.tensor(2.0))).cpu().numpy(),
    }

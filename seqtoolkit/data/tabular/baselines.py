"""What a forecast must beat: the last value, that of a season ago, or what training rows have on average."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.data.tabular.examples import SeriesExamples
from seqtoolkit.data.tabular.rows import Rows

SAMPLE = 20_000  # training rows from which the spread of a baseline's errors is taken,
ERRORS = 4_000_000  # and as many errors at most


class Baseline(Protocol):
    """A forecast of K values, H steps ahead, that learns little or nothing."""

    @property
    def name(self) -> str:
        """What it is called beside a model."""

    def __call__(self, rows: Rows, at: Tensor, low: Tensor) -> Tensor:
        """Return (N, K, H), scaled, from the rows `at` (N,) of segments that begin at the rows `low` (N,)."""


@dataclass(frozen=True)
class LastValue:
    """The last known value, for every step to come."""

    columns: Tensor  # (K,)
    horizon: int
    name: str = "naive"

    def __call__(self, rows: Rows, at: Tensor, low: Tensor) -> Tensor:
        """Return (N, K, H)."""
        return rows.values[at][:, self.columns, None].expand(-1, -1, self.horizon)


@dataclass(frozen=True)
class SeasonAgo:
    """The last known value of the same step of the season; the last value, where the series has no season behind it."""

    columns: Tensor  # (K,)
    horizon: int
    season: int

    @property
    def name(self) -> str:
        """Name it with the length of the season."""
        return f"seasonal naive ({self.season})"

    def __call__(self, rows: Rows, at: Tensor, low: Tensor) -> Tensor:
        """Return (N, K, H)."""
        ahead = torch.arange(1, self.horizon + 1)
        back = ahead - self.season * ((ahead + self.season - 1) // self.season)  # at most 0
        where = at[:, None] + back
        where = torch.where(where < low[:, None], at[:, None], where)  # (N, H)
        return rows.values[where][..., self.columns].transpose(1, 2)


@dataclass(frozen=True)
class Constant:
    """The mean of the training rows, which scaling makes 0, or another value for each of K targets."""

    values: Tensor  # (K,) scaled
    name: str = "training mean"

    def __call__(self, rows: Rows, at: Tensor, low: Tensor) -> Tensor:
        """Return (N, K, 1)."""
        return self.values[None, :, None].expand(len(at), -1, 1)


def training_errors(baseline: Baseline, training: SeriesExamples, shape: tuple[int, int]) -> Tensor:
    """Return targets minus forecasts (M, K, H) of a baseline, in training windows that are spread evenly."""
    longest, sample = int(training.lengths.max()), min(SAMPLE, ERRORS // (shape[0] * shape[1]))
    count = max(1, min(len(training), sample // longest))
    found = []
    for rows in torch.linspace(0, len(training) - 1, count).long()[:, None]:
        batch = training.collate(rows)
        number, step = batch.mask.nonzero(as_tuple=True)
        at = training.starts[rows[number]] + step
        targets = batch.targets[batch.mask].view(-1, *shape)
        found.append(targets - baseline(training.rows, at, training.lows[rows[number]]))
    return torch.cat(found)


def spread_of(errors: Tensor, levels: Sequence[float]) -> Tensor:
    """Return the quantiles (K, H, Q) of errors (M, K, H); 0 where none is known."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN")  # a step of the horizon that training never has
        found = [
            np.nanquantile(errors[:, k].numpy(), levels, axis=0) for k in range(errors.shape[1])
        ]  # (Q, H) each
    return torch.from_numpy(np.nan_to_num(np.stack(found))).float().transpose(1, 2)

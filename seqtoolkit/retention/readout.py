"""Linear readouts of the past: one Gram matrix, one decomposition and one Fourier transform for all lags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtoolkit.retention.measured import ROWS
from seqtoolkit.retention.view import View

CHUNK = 2**14  # steps of a forward
BLOCK = 256  # least steps of a Fourier transform beside its overlap
RIDGES = [10.0**power for power in (-9, -7, -5, -4, -3, -2, -1, 0, 2)]  # relative to features of variance 1
CONSTANT = 1e-6  # a feature whose deviation is this small beside its size is rounding
AT_ONCE = 2**22  # numbers of quadratic forms in memory
# of the largest variance: a direction with less is rounding of float32. Where features hardly vary beside their size,
# rounding has more, and the rank is then counted too high: it bounds a capacity from above, and must not be too low
RANK = 1e-11


@dataclass(frozen=True)
class Moments:
    """What a readout needs of some sequences: features h_t (D) and, for C columns, targets (F) of an earlier step."""

    rows: int  # steps behind them
    mean: Tensor  # (D,) of h
    covariance: Tensor  # (D, D) of h
    cross: Tensor  # (C, D, F) covariance of h with the targets
    target_mean: Tensor  # (C, F)
    target_variance: Tensor  # (C, F)
    kept: Tensor  # (N, S, D) features at the steps that were asked for


@dataclass(frozen=True)
class Readout:
    """C fitted linear readouts: prediction of column c = target_mean[c] + (h - mean) @ weights[c]."""

    mean: Tensor  # (D,)
    weights: Tensor  # (C, D, F)
    target_mean: Tensor  # (C, F)
    explained: Tensor  # (C, F, F) covariance of the targets with what was predicted of them in training
    ridges: list[float]  # (C,) relative to features of variance 1
    rank: int  # of the covariance of h


@torch.no_grad()
def moments(
    view: View, inputs: Tensor, targets: Sequence[Tensor], lags: Sequence[int], keep: Tensor
) -> Moments:
    """Collect the moments of the steps from the longest lag on, of N sequences, with one forward.

    Args:
        view: the model.
        inputs: (N, T) or (N, T, F): what drives it.
        targets: G of (N, T, F): what is looked for; column g * K + k is targets[g] at lag k.
        lags: K of them.
        keep: S steps, the features of which are wanted too.
    """
    first, steps = max(lags), inputs.shape[1]
    sums: list[Tensor] = []
    kept: list[Tensor] = []
    shift, at = None, 0
    for features in forward(view, inputs):
        kept.append(features[:, keep].double())
        h = features[:, first:].double()
        shift = h.mean((0, 1)) if shift is None else shift  # far from 0, sums of squares lose digits
        h -= shift
        u = torch.cat([each[at : at + len(h)] for each in targets], -1).to(h)
        at += len(h)
        flat = h.flatten(0, 1)
        new = [flat.sum(0), flat.T @ flat, _spectra(h, u, first), u.sum(0), (u**2).sum(0)]
        sums = new if not sums else [total.add_(each) for total, each in zip(sums, new, strict=True)]
    assert shift is not None
    rows = at * (steps - first)
    mean, square, cross = sums[0] / rows, sums[1] / rows, _at_lags(sums[2], lags) / rows
    target_mean, target_square = (_windows(total, lags, first) / rows for total in sums[3:])  # (K, G F)
    groups = len(targets)
    centred = cross - mean[:, None] * target_mean[:, None]
    return Moments(
        rows=rows,
        mean=mean + shift,
        covariance=square - torch.outer(mean, mean),
        cross=_columns(centred, groups),
        target_mean=_columns(target_mean, groups),
        target_variance=_columns((target_square - target_mean**2).clamp(min=0), groups),
        kept=torch.cat(kept),
    )


def forward(view: View, inputs: Tensor) -> Iterator[Tensor]:
    """Yield the features (n, T, D) of N sequences, a few at a time; raise ValueError where they are not finite."""
    size, at = max(ROWS, CHUNK // inputs.shape[1]), 0
    for part in torch.split(inputs, size):
        features = view.features(view.embed(part))
        if not torch.isfinite(features).all():
            wrong = (~torch.isfinite(features)).flatten(1).any(1).nonzero()[0].item()
            raise ValueError(
                f"the features of sequence {at + int(wrong)} are not finite; the model has diverged, so measure an"
                " earlier checkpoint"
            )
        at += len(part)
        yield features


def fit(train: Moments, val: Moments) -> Readout:
    """Fit ridge regressions on training moments; each column has the ridge that predicts best on validation ones."""
    size = train.covariance.diagonal().clamp(min=0).sqrt()
    kept = size > CONSTANT * (size**2 + train.mean**2).sqrt()
    size = torch.where(kept, size, torch.inf)  # a constant feature has weight 0
    values, vectors = torch.linalg.eigh(train.covariance / torch.outer(size, size))
    values = values.clamp(min=0)
    basis = vectors / size[:, None]  # (D, D) features to uncorrelated directions
    seen = basis.T @ train.cross  # (C, D, F)
    tried = 1 / (values + torch.tensor(RIDGES, dtype=torch.float64).to(values)[:, None])  # (R, D)
    best = _losses(tried, seen, basis, val).argmin(0)  # (C,)
    ridges = torch.tensor(RIDGES, dtype=torch.float64)[best.cpu()]
    weights = basis @ (seen * tried[best][..., None])
    return Readout(
        mean=train.mean,
        weights=weights,
        target_mean=train.target_mean,
        explained=train.cross.mT @ weights,
        ridges=ridges.tolist(),
        rank=int((values > RANK * values.max()).sum()) if kept.any() else 0,
    )


def _losses(tried: Tensor, seen: Tensor, basis: Tensor, val: Moments) -> Tensor:
    """Return the squared errors (R, C) on validation moments of readouts tried[r] * seen[c], weights (D, F).

    They are weights of uncorrelated directions; a loss is a quadratic form in the factors `tried`, so that all ridges
    share the products of the weights.
    """
    covariance = basis.T @ val.covariance @ basis
    explained = (seen * (basis.T @ val.cross)).sum(-1) @ tried.T  # (C, R)
    size = max(1, AT_ONCE // covariance.numel())
    forms = (part @ part.mT * covariance for part in torch.split(seen, size))  # each (c, D, D)
    predicted = torch.cat([((form @ tried.T) * tried.T).sum(1) for form in forms])  # (C, R)
    return (val.target_variance.sum(1)[:, None] - 2 * explained + predicted).T


def _spectra(features: Tensor, targets: Tensor, first: int) -> Tensor:
    """Sum over sequences and blocks of time the cross spectra (L / 2 + 1, D, M) of h (N, S, D) and u (N, first + S, M).

    So all lags cost what two do, and a long lag is transformed back once.
    """
    steps = features.shape[1]
    size = max(BLOCK, first)
    length = -(-(first + min(size, steps)) // 32) * 32
    total = None
    for at in range(0, steps, size):
        h = torch.fft.rfft(features[:, at : at + size], length, dim=1)
        # u begins `first` steps before h: shifting h by as much makes the lag first - k, which never wraps around
        u = torch.fft.rfft(targets[:, at : at + size + first], length, dim=1)
        product = torch.einsum("nqd,nqm->qdm", h.conj(), u)
        total = product if total is None else total.add_(product)
    assert total is not None
    return total


def _at_lags(spectra: Tensor, lags: Sequence[int]) -> Tensor:
    """Return the sums of h_t u_(t-k) at each lag, (K, D, M)."""
    sums: Tensor = torch.fft.irfft(spectra, 2 * (len(spectra) - 1), dim=0)[[max(lags) - lag for lag in lags]]
    return sums


def _windows(totals: Tensor, lags: Sequence[int], first: int) -> Tensor:
    """Sum totals (T, M) over the steps that are targets at each lag, (K, M)."""
    steps = len(totals)
    ends = torch.cat([torch.zeros_like(totals[:1]), totals.cumsum(0)])
    return torch.stack([ends[steps - lag] - ends[first - lag] for lag in lags])


def _columns(table: Tensor, groups: int) -> Tensor:
    """Turn (K, ..., G F) into (G K, ..., F)."""
    return torch.cat(table.chunk(groups, -1))

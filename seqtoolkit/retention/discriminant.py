"""From a linear readout of symbols to their probabilities, in closed form: no iteration over time steps or lags."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtoolkit.retention.readout import Readout

SHARPNESS = (0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 4.0)  # tried as factors of the scores
SINGULAR = 1e-9  # share of a contrast that stays unexplained at least


def contrasts(frequency: Tensor) -> Tensor:
    """Return a code (V, V - 1) of V symbols whose columns have mean 0 and variance 1 and are uncorrelated.

    Regression on it is regression on one-hot targets, without their redundant column. `frequency` (V,) is positive
    and sums to 1.
    """
    root = frequency.sqrt()
    mirror = root.clone()  # a Householder reflection that takes the first axis to -root
    mirror[0] += 1
    reflection = torch.eye(len(root)).to(root) - 2 * torch.outer(mirror, mirror) / (mirror @ mirror)
    return reflection[:, 1:] / root[:, None]


def discriminants(readout: Readout, frequency: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each column maps (C, V - 1, V) and offsets (C, V) from predicted contrasts to scores of V symbols.

    The scores are those of a linear discriminant analysis, log p(h | symbol) for normal features with the same
    covariance given each symbol, up to what all symbols share. It follows from the regression on the contrasts alone
    (Hastie, Tibshirani & Buja 1994, J. Am. Stat. Assoc. 89): with C the covariance of white targets that is explained,
    the score of a symbol with code z is z' (I - C)^-1 prediction - z' (I - C)^-1 C z / 2.
    """
    code = contrasts(frequency)
    mean = readout.target_mean  # (C, V - 1): at each lag other steps are targets, with other frequencies
    shares = frequency * (1 + mean @ code.T)  # (C, V)
    centred = code - mean[:, None]  # (C, V, V - 1)
    root = torch.linalg.cholesky(centred.mT @ (shares[..., None] * centred))
    white = torch.linalg.solve_triangular(root, centred.mT, upper=False)  # (C, V - 1, V)
    half = torch.linalg.solve_triangular(root, readout.explained, upper=False)
    known = torch.linalg.solve_triangular(root, half.mT, upper=False)
    values, vectors = torch.linalg.eigh((known + known.mT) / 2)
    values = values.clamp(0, 1 - SINGULAR)[..., None]
    turned = vectors.mT @ white  # (C, V - 1, V)
    maps = torch.linalg.solve_triangular(root.mT, vectors @ (turned / (1 - values)), upper=True)
    return maps, -(turned**2 * values / (1 - values)).sum(1) / 2


def log_probabilities(scores: Tensor, prior: Tensor, sharpness: Tensor) -> Tensor:
    """Return log p (..., V) = log softmax(sharpness * scores + log prior): at sharpness 0 it knows the prior only."""
    return (sharpness * scores + prior.log()).log_softmax(-1)


def sharpen(scores: Tensor, symbols: Tensor, prior: Tensor) -> Tensor:
    """Return for each column the sharpness (C,) that predicts best, of scores (R, C, V) and true symbols (R, C)."""
    losses = [
        -log_probabilities(scores, prior, torch.tensor(each).to(scores))
        .gather(-1, symbols[..., None])
        .squeeze(-1)
        .mean(0)
        for each in SHARPNESS
    ]
    return torch.tensor(SHARPNESS, dtype=torch.float64).to(scores)[torch.stack(losses).argmin(0)]

"""Inputs that are seldom large, and how far predictions move on average when two of them are swapped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.retention.divergence import moved

Scale = Callable[[np.random.Generator, tuple[int, ...]], Tensor]


def _lognormal(random: np.random.Generator, shape: tuple[int, ...]) -> Tensor:
    return torch.from_numpy(random.lognormal(0, 1, shape))


def _rare(random: np.random.Generator, shape: tuple[int, ...]) -> Tensor:
    return 4.0 * torch.from_numpy(random.random(shape) < 0.06)


TAILS: dict[str, Scale] = {"lognormal inputs": _lognormal, "6 % of inputs are not 0": _rare}


def mean_moved(scale: Scale, width: int, pairs: int = 10**6) -> float:
    """Return the mean divergence of predictions whose scores are two such inputs, of as many pairs."""
    random, rows, scores = np.random.default_rng(0), torch.arange(pairs), []
    for _ in range(2):
        score = torch.zeros(pairs, width, dtype=torch.float64)
        which = torch.from_numpy(random.integers(0, width, pairs))
        score[rows, which] = scale(random, (pairs,)).double()
        scores.append(score)
    return float(moved("classes", *scores).mean())

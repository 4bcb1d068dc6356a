"""Models that answer from as far back as is known: what recall and truncation must read, in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from seqtoolkit.batch import Batch
from seqtoolkit.losses import Loss
from seqtoolkit.retention.view import View
from tests.retention.known import leaky

V = 4  # classes of a sum


def answering(features: Callable[[Tensor], Tensor], head: Callable[[Tensor], Tensor], tokens: int) -> View:
    """Look at features (B, T, 1) of tokens (B, T, 1), and at the scores (..., classes) that a head makes of them."""
    return View(
        model=nn.Linear(1, 1),
        part="model",
        width=1,
        vocab_size=tokens,
        num_features=0,
        _embed=lambda x: x.unsqueeze(-1).float(),
        _advance=lambda x, _: (features(x), None),
        _head=head,
        _trace=lambda _: [],
    )


def store(steps: int, symbols: int, tokens: int) -> View:
    """Hold the latest symbol for so many steps, then answer the first one: accuracy 1, then 1 / symbols."""

    def features(x: Tensor) -> Tensor:
        held = torch.zeros_like(x)
        for ago in range(steps, -1, -1):  # the latest one stays
            before = shifted(x, ago, symbols)
            held = torch.where(before < symbols, before, held)
        return held

    def head(held: Tensor) -> Tensor:
        return nn.functional.one_hot(held[..., 0].long(), symbols).float()

    return answering(features, head, tokens)


def window(width: int, sharpness: float = 2.0) -> View:
    """Answer the sum of the last `width` tokens, modulo V; what is not given counts as 0."""

    def features(x: Tensor) -> Tensor:
        totals = x.cumsum(1)
        return totals - shifted(totals, width)

    def head(total: Tensor) -> Tensor:
        return sharpness * nn.functional.one_hot(total[..., 0].long() % V, V).float()

    return answering(features, head, V)


def shifted(x: Tensor, steps: int, before: float = 0) -> Tensor:
    """Return x (B, T, 1) of so many steps ago, and `before` where there was none."""
    return nn.functional.pad(x, (0, 0, steps, 0), value=before)[:, : x.shape[1]]


def window_loss(context: int, width: int, counted: int, sharpness: float = 2.0) -> float:
    """Return the loss of `window(width)` with `context` inputs on `data(counted)`, width <= counted, in nats."""
    missing = counted - min(context, width)
    right = (1 + (V - 1) * (-1 / (V - 1)) ** missing) / V  # the sum of those tokens is a multiple of V
    return math.log(math.exp(sharpness) + V - 1) - right * sharpness


def data(width: int, n: int = 60, steps: int = 24, seed: int = 0, first: int = 12) -> list[Batch]:
    """Draw tokens 1 to V - 1 whose targets are the sum of the last `width`, supervised from one step on."""
    inputs = torch.randint(1, V, (n, steps), generator=torch.Generator().manual_seed(seed))
    totals = inputs.cumsum(1)
    targets = (totals - nn.functional.pad(totals, (width, 0))[:, :steps]) % V
    mask = (torch.arange(steps) >= first).expand(n, -1)
    whole = Batch(inputs, torch.full((n,), steps), targets, mask)
    return [cut(whole, slice(0, n // 2)), cut(whole, slice(n // 2, n))]


def cut(batch: Batch, rows: slice) -> Batch:
    """Keep some rows."""
    return Batch(batch.inputs[rows], batch.lengths[rows], batch.targets[rows], batch.mask[rows])


def leaky_values(a: float) -> View:
    """Answer h = a h + (1 - a) x itself, whose loss is the squared error."""
    return replace(leaky(a), loss=Loss("values"), _head=lambda h: h)


def leaky_data(a: float, noise: float, n: int, steps: int, seed: int) -> list[Batch]:
    """Draw inputs whose last target is such an h and noise of that deviation."""
    random = torch.Generator().manual_seed(seed)
    inputs, targets = torch.randn(n, steps, 1, generator=random), torch.zeros(n, steps, 1)
    powers = (1 - a) * a ** torch.arange(steps - 1.0, -1, -1)
    targets[:, -1, 0] = inputs[..., 0] @ powers + noise * torch.randn(n, generator=random)
    mask = (torch.arange(steps) == steps - 1).expand(n, -1)
    return [Batch(inputs, torch.full((n,), steps), targets, mask)]


def leaky_loss(a: float, noise: float, steps: int, context: int) -> float:
    """Return the mean squared error of `leaky_values` with `context` inputs: variance of the others, and noise."""
    return float(noise**2 + (1 - a) / (1 + a) * (a ** (2 * context) - a ** (2 * steps)))

"""How far a prediction moves, in nats: the divergence of what was said before a change from what is said after it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

NORMAL = "KL(p || p_do) of normal distributions with variance 1 in the model's scale, the mean over "
DESCRIPTIONS = {
    "classes": "KL(p || p_do) of the classes",
    "values": NORMAL + "values",
    "quantiles": NORMAL + "values and quantiles",
    "labels": "KL(p || p_do) of the labels, their sum",
}


def divergence(before: Tensor, after: Tensor) -> Tensor:
    """Return KL(before || after) in nats (...,) of log probabilities (..., V)."""
    return (before.exp() * (before - after)).sum(-1).clamp(min=0.0)


def moved(target: str, before: Tensor, after: Tensor) -> Tensor:
    """Return how far scores (..., V) move, in nats (...,): see DESCRIPTIONS for each of `losses.TARGETS`.

    Values and quantiles have no distribution of their own: half the squared change is what it is for normal ones with
    variance 1, as values have that were scaled. It is 0 where nothing moves, and the same for every outcome.
    """
    return _KINDS[target](before.double(), after.double())


def _classes(before: Tensor, after: Tensor) -> Tensor:
    return divergence(before.log_softmax(-1), after.log_softmax(-1))


def _normal(before: Tensor, after: Tensor) -> Tensor:
    return (before - after).square().mean(-1) / 2


def _labels(before: Tensor, after: Tensor) -> Tensor:
    """Sum KL(Bernoulli(p) || Bernoulli(q)) = p (ln p - ln q) + (1 - p) (ln (1 - p) - ln (1 - q))."""
    p, gains = (
        before.sigmoid(),
        [_log_sigmoid(sign * before) - _log_sigmoid(sign * after) for sign in (1, -1)],
    )
    each = p * gains[0] + (1 - p) * gains[1]
    return each.clamp(min=0.0).sum(-1)


def _log_sigmoid(x: Tensor) -> Tensor:
    return -functional.softplus(-x)


_KINDS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "classes": _classes,
    "values": _normal,
    "quantiles": _normal,
    "labels": _labels,
}

"""What an answer costs, by the kind of its target: a class, values, quantiles of values, or labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol, Self

import torch
from torch import Tensor
from torch.nn import functional

from seqtoolkit.files import is_number

TARGETS = ("classes", "values", "quantiles", "labels")
VALUE_LOSSES = {"mse": torch.square, "mae": torch.abs}


class LossFunction(Protocol):
    """Scores (N, V), targets and the share of label smoothing to losses (N,)."""

    def __call__(self, scores: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        """Return the loss of each position."""


class Loss:
    """The loss of a task at each of N supervised positions, in float32.

    - `classes`: cross entropy of scores (N, V) with class ids (N,), in nats.
    - `values`: mean squared (`mse`) or absolute (`mae`) error of K values (N, K).
    - `quantiles`: pinball loss (Koenker & Bassett 1978), the mean over K values and Q quantiles; the scores are
      (N, K * Q), the quantiles of a value side by side.
    - `labels`: binary cross entropy summed over K labels (N, K), each 0 or 1: the frame NLL of Boulanger-Lewandowski
      et al. 2012, in nats.
    A value or a label that is NaN is not known, and left out; where all are, the loss is 0.

    Args:
        target: one of TARGETS.
        loss: of values: one of VALUE_LOSSES.
        quantiles: levels, ascending, between 0 and 1; for the target `quantiles`.

    Raises:
        ValueError: the target, the loss or the quantiles are none of these.
    """

    def __init__(self, target: str = "classes", loss: str = "mse", quantiles: Sequence[float] = ()) -> None:
        if target not in TARGETS:
            raise ValueError(f"target is {target!r:.80}; expected one of {', '.join(TARGETS)}")
        if loss not in VALUE_LOSSES:
            raise ValueError(f"loss is {loss!r:.80}; expected one of {', '.join(VALUE_LOSSES)}")
        if target == "quantiles":
            check_quantiles(quantiles)
        kinds: dict[str, LossFunction] = {
            "classes": _cross_entropy,
            "values": partial(_values, loss),
            "quantiles": partial(_pinball, tuple(quantiles)),
            "labels": _labels,
        }
        self.target = target
        self.unit = {"values": loss, "quantiles": "pinball"}.get(target, "nats")
        self._function = kinds[target]

    @classmethod
    def of(cls, spec: dict[str, Any]) -> Self:
        """Return the loss of a data module's spec, which may come from a file."""
        return cls(spec.get("target", "classes"), spec.get("loss", "mse"), spec.get("quantiles", ()))

    def __call__(self, scores: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """Return the losses (N,) of scores (N, V); `smoothing` is of classes (Szegedy et al. 2016)."""
        return self._function(scores.float(), targets, smoothing)


def check_quantiles(quantiles: Any) -> None:
    """Raise ValueError unless these are ascending levels between 0 and 1."""
    listed = isinstance(quantiles, (list, tuple)) and len(quantiles) > 0 and all(map(is_number, quantiles))
    if not listed or not all(
        0 < a < b < 1 for a, b in zip(quantiles, [*quantiles[1:], 1 - 1e-12], strict=True)
    ):
        raise ValueError(
            f"quantiles are {quantiles!r:.80}; expected ascending levels such as [0.1, 0.5, 0.9]"
        )


def _cross_entropy(scores: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    return functional.cross_entropy(scores, targets, reduction="none", label_smoothing=smoothing)


def _values(loss: str, scores: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    return _mean(VALUE_LOSSES[loss](scores - _filled(targets)), targets)


def _pinball(quantiles: tuple[float, ...], scores: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    levels = scores.new_tensor(quantiles)
    above = _filled(targets).unsqueeze(-1) - scores.view(*targets.shape, len(quantiles))  # (N, K, Q)
    return _mean(torch.maximum(levels * above, (levels - 1) * above).mean(-1), targets)


def _labels(scores: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    each = functional.binary_cross_entropy_with_logits(scores, _filled(targets), reduction="none")
    return each.masked_fill(targets.isnan(), 0).sum(-1)


def _filled(targets: Tensor) -> Tensor:
    """Replace what is not known, before it can make a gradient of NaN."""
    return targets.float().nan_to_num(0.0)


def _mean(each: Tensor, targets: Tensor) -> Tensor:
    """Average (N, K) over the values that are known."""
    known = ~targets.isnan()
    total: Tensor = each.masked_fill(~known, 0).sum(-1)
    return total / known.sum(-1).clamp(min=1)

"""An example of a run's own data as its model reads it, to be looked into, and which of its steps the model used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqtoolkit.losses import Loss
from seqtoolkit.mixer import State, select_rows
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.divergence import moved

Array = npt.NDArray[np.float32]
SHOWN = 512  # steps: the last ones; influence takes some forward passes for each of them
REPLACED = 2 * SHOWN**2  # pairs of steps over which influence replaces one and looks at the other, at most
TOGETHER = 32_768  # steps in a forward pass


@dataclass(frozen=True)
class Read:
    """The last SHOWN steps (T) of what was read of an example, by its C channels, of which tokens have none."""

    name: str  # by which it can be asked for again: "val 12", or "val 12 to 96"
    first: int  # steps before those
    channels: list[str]  # C names
    values: npt.NDArray[np.float64]  # (C, T) in the user's units
    scaled: Array  # (C, T) as the model reads them
    changed: tuple[str, ...] = ()  # options of the data whose file is another one than in training

    @property
    def steps(self) -> list[str]:
        """Name the steps, from 1 where all are shown."""
        return [str(self.first + place + 1) for place in range(self.scaled.shape[1])]


@dataclass(frozen=True, eq=False)
class Example:
    """An example as a model reads it, with what lies at the same steps of other examples of its split."""

    read: Read
    inputs: Tensor  # (1, S, F) features, scaled as in training, or (1, S) tokens
    asked: Tensor  # (S,) the steps that are answered
    others: Tensor  # (K, S, F) or (K, S)


@torch.inference_mode()
def influence_of_steps(model: SequenceModel, example: Example, rows: Tensor, loss: Loss) -> Array:
    """Return (R, T): how far the prediction at each of R steps moves when each shown step is replaced, in nats.

    The mean of `divergence.moved` over other examples, fewer of them where many steps are shown. Exactly 0 where a step
    lies in the future of a row. A changed run begins in the state that the unchanged one had before its block of steps.

    Args:
        model: causal, in eval mode.
        example: S steps, of which T are shown.
        rows: (R,) ascending steps, all of them shown.
        loss: what the scores mean.
    """
    first, at = example.read.first, rows - example.read.first
    inputs = example.inputs[:, first:]
    steps = inputs.shape[1]
    others = example.others[: max(1, REPLACED // steps**2), first:]
    state = model.advance(example.inputs[:, :first])[1] if first else None
    before = model(inputs, state)[0][0, at]  # (R, V)
    result = torch.zeros(len(rows), steps)
    width = max(1, TOGETHER // (steps * len(others)))
    for start in range(0, int(at.max()) + 1, width):
        block, later = torch.arange(start, min(start + width, steps)), at >= start
        changed = _changed(inputs[0, start:], others[:, start:], block - start)
        after = model(changed, _repeated(state, len(changed)))[0][:, at[later] - start]
        after = after.unflatten(0, (len(others), len(block)))  # (K, J, rows, V)
        result[later, start : start + width] = moved(loss.target, before[later], after).mean(0).float().T
        state = model.advance(inputs[:, block], state)[1]
    result[torch.arange(steps) > at[:, None]] = 0  # what lies ahead moves nothing but by rounding
    return result.numpy()


def _changed(inputs: Tensor, others: Tensor, block: Tensor) -> Tensor:
    """Return (K * J, S, ...): inputs (S, ...) with each of J steps replaced by that of each of K others."""
    changed = inputs.repeat(len(others), len(block), *[1] * inputs.ndim)
    changed[:, torch.arange(len(block)), block] = others[:, block]
    return changed.flatten(0, 1)


def _repeated(state: State, count: int) -> State:
    return select_rows(state, torch.zeros(count, dtype=torch.long))

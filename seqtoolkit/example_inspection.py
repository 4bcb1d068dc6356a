"""An example of a run's own data as its model reads it, to be looked into, and which of its steps the model used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqtoolkit.losses import Loss
from seqtoolkit.mixer import select_rows
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.divergence import moved

Array = npt.NDArray[np.float32]
SHOWN = 512  # steps: the last ones; influence takes some forward passes for each of them


@dataclass(frozen=True)
class Read:
    """The last SHOWN steps (T) of what was read of an example, by its C channels, of which tokens have none."""

    name: str  # by which it can be asked for again: "val 12", or "val 12 to 96"
    first: int  # steps before those
    channels: list[str]  # C names
    values: npt.NDArray[np.float64]  # (C, T) in the user's units
    scaled: Array  # (C, T) as the model reads them

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

    The mean over the other examples of `divergence.moved`. Exactly 0 where a step lies in the future of a row.

    Args:
        model: causal, in eval mode.
        example: S steps, of which T are shown.
        rows: (R,) ascending steps, all of them shown.
        loss: what the scores mean.
    """
    first = example.read.first
    inputs, others = example.inputs[:, first:], example.others[:, first:]
    state = model.advance(example.inputs[:, :first])[1] if first else None
    many = select_rows(state, torch.zeros(len(others), dtype=torch.long))
    at = rows - first
    before = model(inputs, state)[0][0]  # (T, V)
    result = torch.zeros(len(rows), inputs.shape[1])
    for step in range(inputs.shape[1]):
        later = at >= step
        if later.any():
            changed = inputs.repeat(len(others), *[1] * (inputs.ndim - 1))
            changed[:, step] = others[:, step]
            after = model(changed, many)[0][:, at[later]]  # (K, rows, V)
            result[later, step] = (
                moved(loss.target, before[at[later]].expand_as(after), after).mean(0).float()
            )
    return result.numpy()

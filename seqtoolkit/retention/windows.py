"""The loss of targets when a part of their inputs is another: cut short, or that of another sequence."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.retention.targets import Asked
from seqtoolkit.retention.view import View, view

STEPS = 16_384  # of a forward on a processor, whose caches hold as much
GPU_STEPS = 131_072

Floats = NDArray[np.float64]


def truncated(seen: View, asked: Asked, context: int, full: Floats) -> Floats:
    """Return the losses (M,) with the last `context` inputs; those that have no more of them are as with all."""
    losses, cut = full.copy(), asked.step >= context
    if cut.any():
        losses[cut.numpy()] = last_losses(seen, asked.pick(cut), context)
    return losses


def last_losses(seen: View, asked: Asked, context: int) -> Floats:
    """Return the losses (M,) with at most the last `context` inputs before each target."""
    offsets, found = torch.arange(context), []
    for some in portions(seen, torch.arange(len(asked.row)), context):
        part = asked.pick(some)
        where = (part.step - context + 1).clamp(min=0).unsqueeze(1) + offsets  # (m, c)
        where = where.clamp(max=asked.inputs.shape[1] - 1)  # what lies behind the target is not read
        windows = asked.inputs[part.row.unsqueeze(1), where]
        found.append(_losses(seen, part, windows, part.step.clamp(max=context - 1)))
    return np.concatenate(found)


def exchanged(seen: View, mine: Asked, other: Asked, context: int) -> Floats:
    """Return the losses (M,) with the last `context` inputs after those that stand as far before another target."""
    far = torch.minimum(mine.step, other.step) + 1 - context  # (M,) its steps: those that both have
    far = far.clamp(min=0).unsqueeze(1)
    steps = torch.arange(int(far.max()) + context)
    near = mine.step.unsqueeze(1) - context + 1 + steps - far
    donor = other.step.unsqueeze(1) - context + 1 + steps - far
    source = torch.where(steps < far, other.row.unsqueeze(1), mine.row.unsqueeze(1))
    where = torch.where(steps < far, donor, near).clamp(0, mine.inputs.shape[1] - 1)
    return _losses(seen, mine, mine.inputs[source, where], far.squeeze(1) + context - 1)


def portions(seen: View, which: Tensor, steps: int) -> tuple[Tensor, ...]:
    """Cut (M,) rows into those of one forward, of sequences of so many steps."""
    together = STEPS if seen.device.type == "cpu" else GPU_STEPS
    return torch.split(which, max(1, together // steps)) if len(which) else ()


def _losses(seen: View, asked: Asked, windows: Tensor, last: Tensor) -> Floats:
    """Return the losses (M,) when these windows (M, c) stand for the inputs that are cut, up to the step `last`."""
    reader, inputs, at = _whole(seen, asked, windows, last)
    features = reader.features(reader.embed(inputs.to(seen.device)))
    scores = reader.head(features[torch.arange(len(features), device=seen.device), at.to(seen.device)])
    assert scores is not None
    losses: Floats = reader.loss(scores, asked.target.to(seen.device)).double().cpu().numpy()
    return losses


def _whole(seen: View, asked: Asked, windows: Tensor, last: Tensor) -> tuple[View, Tensor, Tensor]:
    """Return what predicts, what it reads, and the step at which it does: beside an encoder, its decoder."""
    if asked.beside is None:
        return seen, windows, last
    beside, end = asked.beside.inputs[asked.row], asked.beside.last
    if seen.part == "encoder":
        return view(seen.model, "decoder", windows, last + 1), beside, end
    return view(seen.model, "decoder", beside, end + 1), windows, last

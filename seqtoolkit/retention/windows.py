"""The loss of targets when a part of their inputs is another: cut short, or that of another sequence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.retention.shared import backs
from seqtoolkit.retention.targets import Asked
from seqtoolkit.retention.view import View, view

STEPS = 16_384  # of a forward on a processor, whose caches hold as much
GPU_STEPS = 131_072

Floats = NDArray[np.float64]


def whole_losses(seen: View, asked: Asked) -> Floats:
    """Return the losses (M, S) with all inputs."""
    group = range(asked.longest - asked.span + 1, asked.longest + 1)
    return last_losses(seen, asked, group)[:, ::-1]


def truncated(seen: View, asked: Asked, group: Sequence[int], full: Floats) -> Floats:
    """Return the losses (M, contexts) with the last inputs only, as many as each context of a group says.

    Those that have no more of them are as with all, `full` (M, S).
    """
    losses, cut = full[:, backs(group)], asked.step >= group[-1]
    if cut.any():
        losses[cut.numpy()] = last_losses(seen, asked.pick(cut), group)
    return losses


def last_losses(seen: View, asked: Asked, group: Sequence[int]) -> Floats:
    """Return the losses (M, contexts) with at most the last inputs, as many as each context of a group says.

    All contexts begin at the same input: the longest is that of the target itself, the others of those just before it.
    """
    context, found = group[-1], []
    offsets = torch.arange(context)
    for some in portions(seen, torch.arange(len(asked.row)), context):
        part = asked.pick(some)
        where = (part.step - context + 1).clamp(min=0).unsqueeze(1) + offsets  # (m, c)
        where = where.clamp(max=asked.inputs.shape[1] - 1)  # what lies behind the target is not read
        windows = asked.inputs[part.row.unsqueeze(1), where]
        found.append(_losses(seen, part, windows, part.step.clamp(max=context - 1), backs(group)))
    return np.concatenate(found)


def exchanged(seen: View, mine: Asked, other: Asked, group: Sequence[int]) -> Floats:
    """Return the losses (M, contexts) with the last inputs after those that stand as far before another target."""
    context = group[-1]
    far = torch.minimum(mine.step, other.step) + 1 - context  # (M,) its steps: those that both have
    far = far.clamp(min=0).unsqueeze(1)
    steps = torch.arange(int(far.max()) + context)
    near = mine.step.unsqueeze(1) - context + 1 + steps - far
    donor = other.step.unsqueeze(1) - context + 1 + steps - far
    source = torch.where(steps < far, other.row.unsqueeze(1), mine.row.unsqueeze(1))
    where = torch.where(steps < far, donor, near).clamp(0, mine.inputs.shape[1] - 1)
    last = far.squeeze(1) + context - 1
    return _losses(seen, mine, mine.inputs[source, where], last, backs(group))


def portions(seen: View, which: Tensor, steps: int) -> tuple[Tensor, ...]:
    """Cut (M,) rows into those of one forward, of sequences of so many steps."""
    together = STEPS if seen.device.type == "cpu" else GPU_STEPS
    return torch.split(which, max(1, together // steps)) if len(which) else ()


def _losses(seen: View, asked: Asked, windows: Tensor, last: Tensor, read: Sequence[int]) -> Floats:
    """Return the losses (M, S) so many steps before the last; 0 where there is no target.

    These windows (M, c) stand for the inputs that are cut, up to the step `last`.
    """
    reader, inputs, at = _whole(seen, asked, windows, last)
    features = reader.features(reader.embed(inputs.to(seen.device)))
    steps = (at.unsqueeze(1) - torch.tensor(read)).clamp(min=0).to(seen.device)
    scores = reader.head(features[torch.arange(len(features), device=seen.device).unsqueeze(1), steps])
    assert scores is not None
    target, known = (part[:, read].to(seen.device) for part in (asked.target, asked.known))
    losses = torch.zeros(known.shape, dtype=torch.float64, device=seen.device)
    losses[known] = reader.loss(scores[known], target[known]).double()
    result: Floats = losses.cpu().numpy()
    return result


def _whole(seen: View, asked: Asked, windows: Tensor, last: Tensor) -> tuple[View, Tensor, Tensor]:
    """Return what predicts, what it reads, and the step at which it does: beside an encoder, its decoder."""
    if asked.beside is None:
        return seen, windows, last
    beside, end = asked.beside.inputs[asked.row], asked.beside.last
    if seen.part == "encoder":
        return view(seen.model, "decoder", windows, last + 1), beside, end
    return view(seen.model, "decoder", beside, end + 1), windows, last

"""What a protocol is measured against: the passes that it cannot avoid, and one lag after the other, as usual."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtoolkit.retention.gradient import VECTORS
from seqtoolkit.retention.view import View

BATCH = 128  # sequences of a forward that is written by hand


def backwards(seen: View, inputs: Tensor, lag: int, vectors: int = VECTORS) -> list[float]:
    """Return |v^T J_k|^2 of one lag by a forward over all steps and m backward passes, as one would write it."""
    weights = [weight for weight in seen.model.parameters() if weight.requires_grad]
    found = []
    for weight in weights:
        weight.requires_grad_(False)
    for part in torch.split(inputs, BATCH):
        embedded = seen.embed(part).requires_grad_()
        with torch.enable_grad():
            last = seen.features(embedded)[:, -1]
        for _ in range(vectors):
            (step,) = torch.autograd.grad(last, embedded, torch.randn_like(last), retain_graph=True)
            found.append(float(step[:, step.shape[1] - 1 - lag].square().sum()))
    for weight in weights:
        weight.requires_grad_(True)
    return found


@torch.no_grad()
def forward(seen: View, inputs: Tensor) -> None:
    """Make the features of all sequences and what the head says of the last step, in batches."""
    for part in torch.split(inputs, BATCH):
        seen.head(seen.features(seen.embed(part))[:, -1])

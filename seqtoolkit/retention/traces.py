"""How the units of a model behave while it reads: which gates stand open or shut, which units do nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from seqtoolkit.retention.units import Units
from seqtoolkit.retention.view import View

GATES = ("forget_gate", "input_gate", "output_gate", "update_gate", "reset_gate")
STATES = ("hidden", "cell")
OPEN, SHUT = 0.95, 0.05
NEARLY = 0.95  # share of steps at which a saturated unit is saturated
STILL = 1e-3  # a unit that changes less, against the typical size of its trace, is constant


@torch.no_grad()
def summarise(view: View, inputs: Tensor) -> list[Units]:
    """Count the saturated, constant and dead units of every traced gate and state, block by block.

    Args:
        view: the model.
        inputs: (N, T) tokens or (N, T, F) features; a few dozen sequences are enough.
    """
    found = []
    for block, trace in enumerate(view.trace(inputs)):
        found += [_gate(block, name, trace[name].flatten(0, 1)) for name in GATES if name in trace]
        found += [_state(block, name, trace[name].flatten(0, 1)) for name in STATES if name in trace]
    return found


def _gate(block: int, name: str, values: Tensor) -> Units:
    """Count over the steps (N, D) of a gate."""
    above, below = (values > OPEN).float().mean(0), (values < SHUT).float().mean(0)
    return Units(
        block, name, values.shape[1], open=int((above > NEARLY).sum()), shut=int((below > NEARLY).sum())
    )


def _state(block: int, name: str, values: Tensor) -> Units:
    """Count over the steps (N, D) of a state."""
    values = values.double()
    size = values.square().mean().sqrt()
    still = values.std(0) <= STILL * size
    dead = still & (values.square().mean(0).sqrt() <= STILL * size)
    return Units(block, name, values.shape[1], constant=int(still.sum()), dead=int(dead.sum()))

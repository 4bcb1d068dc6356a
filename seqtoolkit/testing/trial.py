"""One way to run each kind from inputs to an output, so that a law can hold for all kinds."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from seqtoolkit.kinds import ARCHITECTURE, ATTENTION, Kind


class Trial(nn.Module):
    """What is tried, as a map from its inputs to one output."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module


class Pieces(Trial):
    """A mixer that reads x (B, T, D) in two pieces, with the state between them."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (B, T, D)."""
        first, second = x.tensor_split(2, 1)
        before, state = self.module(first)
        return torch.cat([before, self.module(second, state)[0]], 1)


class Look(Trial):
    """An attention from queries (B, T, D) to a source (B, S, D) with padding."""

    def forward(self, query: Tensor, source: Tensor) -> Tensor:
        """Return the context (B, T, D)."""
        context: Tensor = ask(self.module, query, source, ragged(source))[0]
        return context


TRIALS: dict[Kind, type[Trial]] = {ARCHITECTURE: Pieces, ATTENTION: Look}


def ask(module: Any, query: Tensor, source: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Prepare the source and return the context and the weights."""
    context, weights = module(query, module.prepare(source), mask)
    return context, weights


def ragged(source: Tensor) -> Tensor:
    """Return a mask (B, S) for a source (B, S, D): the first row is whole, each other 3 steps shorter."""
    rows, steps = source.shape[:2]
    lengths = (steps - 3 * torch.arange(rows)).clamp(min=1)
    return torch.arange(steps) < lengths[:, None]

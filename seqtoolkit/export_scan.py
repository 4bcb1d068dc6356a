"""Encoders for sources of any length: torch.export fixes the steps of a loop, so one step is traced and scanned."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch._higher_order_ops.scan import scan
from torch.nn.functional import pad
from torch.utils import _pytree

from seqtoolkit.bidirectional import Bidirectional
from seqtoolkit.encoder import Encoder
from seqtoolkit.mixer import State, map_state


class Scanned(nn.Module):
    """A mixer that reads step by step, which by its law is the same; its state has the same shapes at each step."""

    def __init__(self, mixer: nn.Module) -> None:
        super().__init__()
        self.mixer = mixer

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mix x (B, S, D) from the start; return (B, S, D), and no state: an encoder's is not asked for."""
        first, begun = self.mixer(x[:, :1])
        more = pad(x, (0, 0, 0, 2))[:, 1:]  # of S - 1 steps it would ask for more than one: S were 3 at least
        later = scan(self._step, begun, more.transpose(0, 1))[1].transpose(0, 1)
        return torch.cat([first, later], 1)[:, : x.shape[1]], None

    def _step(self, state: State, x: Tensor) -> tuple[State, Tensor]:
        mixed, state = self.mixer(x.unsqueeze(1), state)
        return map_state(torch.clone, state), mixed.squeeze(1).clone()  # a scan takes nothing twice


def free_lengths(encoder: Encoder) -> None:
    """Let an encoder be traced for any number of steps, in place; mixers whose state grows have no loop, and stay."""
    for block in encoder.blocks:
        mixer = block.mixer
        if isinstance(mixer, Bidirectional):
            for name in ("ahead", "back"):
                setattr(mixer, name, _free(getattr(mixer, name), encoder))
        else:
            block.mixer = _free(mixer, encoder)


def _free(mixer: Any, encoder: Encoder) -> nn.Module:
    x = torch.zeros(2, 2, encoder.embedding.embedding_dim)
    sizes = [[part.shape for part in _pytree.tree_leaves(mixer(x[:, :steps])[1])] for steps in (1, 2)]
    return Scanned(mixer) if sizes[0] == sizes[1] else mixer

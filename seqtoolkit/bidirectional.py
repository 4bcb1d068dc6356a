"""Make any causal mixer read in both directions: a second one reads each row from its own end."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqtoolkit.mixer import SequenceMixer


class Bidirectional(nn.Module):
    """Two mixers, one for each direction, joined step by step (Schuster & Paliwal 1997).

    y_t = W [forward_t; backward_t] + b, back to the width of one. Rows may have different lengths: each is turned
    around within its own length, so that a mixer, being causal, never reads padding before a real step.
    """

    def __init__(self, ahead: SequenceMixer, back: SequenceMixer, d_model: int) -> None:
        super().__init__()
        self.ahead = ahead
        self.back = back
        self.join = nn.Linear(2 * d_model, d_model)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Map x (B, S, D), whose rows have `lengths` (B,) real steps, to (B, S, D)."""
        ahead, _ = self.ahead(x)
        back, _ = self.back(reverse(x, lengths))
        joined: Tensor = self.join(torch.cat([ahead, reverse(back, lengths)], -1))
        return joined


def reverse(x: Tensor, lengths: Tensor) -> Tensor:
    """Turn each row of x (B, S, D) around within its length; padding stays where it is. Its own inverse."""
    steps = torch.arange(x.shape[1], device=x.device)
    turned = lengths.unsqueeze(1) - 1 - steps  # (B, S)
    where = torch.where(turned >= 0, turned, steps)
    return x.gather(1, where.unsqueeze(-1).expand_as(x))

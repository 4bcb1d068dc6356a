"""minGRU: a GRU whose gate sees the input only, so that all steps are computed at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from seqtoolkit import SequenceMixer, State, hookimpl


class MinGRU(SequenceMixer):
    """Minimal gated recurrent unit (Feng et al. 2024, "Were RNNs All We Needed?").

    z_t = sigmoid(W_z x_t + b_z),  h_t = (1 - z_t) h_(t-1) + z_t (W_c x_t + b_c); the output is W_o h_t + b_o.
    The state is h, (B, D).

    Args:
        d_model: Width of inputs, outputs and the state.
        keep_bias: Starting bias towards keeping: at 0 a channel keeps half of h at each step, at 3 95 %.
    """

    def __init__(self, d_model: int, keep_bias: float = 1.0) -> None:
        super().__init__()
        self.gate = nn.Linear(d_model, d_model)
        self.candidate = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)
        nn.init.constant_(self.gate.bias, -keep_bias)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mix x (B, T, D), continuing from h (B, D); return the outputs (B, T, D) and the last h."""
        hidden = self._recur(x, state)[0]
        out: Tensor = self.out(hidden.to(self.out.weight.dtype))
        return out, hidden[:, -1].clone()  # clone: a view would keep all steps alive

    def trace(self, x: Tensor, state: State | None = None) -> dict[str, Tensor]:
        """Return `hidden`, `update_gate` z and `retention` 1 - z, each (B, T, D)."""
        hidden, retention = self._recur(x, state)
        return {"hidden": hidden, "update_gate": 1 - retention, "retention": retention}

    def _recur(self, x: Tensor, state: State | None) -> tuple[Tensor, Tensor]:
        precise = torch.promote_types(x.dtype, torch.float32)  # sums over time lose too much in bfloat16
        gate, candidate = self.gate(x).to(precise), self.candidate(x).to(precise)
        retention = (-gate).sigmoid()  # 1 - sigmoid(gate), without cancellation
        start = torch.zeros_like(gate[:, 0]) if state is None else state.to(precise)
        return scan(retention, gate.sigmoid() * candidate, start), retention


def scan(keep: Tensor, add: Tensor, start: Tensor) -> Tensor:
    """Return all h_t = keep_t h_(t-1) + add_t, (B, T, D), in log2(T) doublings (Hillis & Steele 1986)."""
    shift = 1
    while shift < keep.shape[1]:
        back = (0, 0, shift, -shift)  # move time by `shift` steps
        add = add + keep * pad(add, back)
        keep = keep * pad(keep, back, value=1.0)
        shift *= 2
    return add + keep * start.unsqueeze(1)


@hookimpl
def seqtoolkit_architectures() -> dict[str, type[SequenceMixer]]:
    return {"mingru": MinGRU}

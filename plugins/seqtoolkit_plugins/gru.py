"""The GRU: the memory of an LSTM with one state and three quarters of the weights."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from seqtoolkit import SequenceMixer, State, hookimpl


class GRU(SequenceMixer):
    """Gated recurrent unit (Cho et al. 2014), in the form that cuDNN and PyTorch compute.

    r, z = sigmoid(W x_t + U h_(t-1) + b),  n = tanh(W_n x_t + b_n + r (U_n h_(t-1) + c_n)),
    h_t = (1 - z) n + z h_(t-1). The state is h, (B, D). Note the sense of z: here it *keeps* the past.

    Args:
        d_model: Width of inputs, outputs and the hidden state.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.gru = nn.GRU(d_model, d_model, batch_first=True)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mix x (B, T, D), continuing from h (B, D); return the hidden states (B, T, D) and the last one."""
        dtype = self.gru.all_weights[0][0].dtype
        with _precision(x):
            hidden, last = self.gru(x.to(dtype), None if state is None else state.to(dtype).unsqueeze(0))
        return hidden, last.squeeze(0)

    def trace(self, x: Tensor, state: State | None = None) -> dict[str, Tensor]:
        """Return `reset_gate`, `update_gate`, `hidden` and `retention`, each (B, T, D).

        `update_gate` is PyTorch's z. Since h_t = (1 - z) n + z h_(t-1), z is also `retention`; papers that
        write h_t = z n + (1 - z) h_(t-1) call 1 - z the update gate.
        """
        w_ih, w_hh, b_ih, b_hh = self.gru.all_weights[0]
        hidden = self(x, state)[0].to(w_hh.dtype)
        first = torch.zeros_like(hidden[:, 0]) if state is None else state.to(w_hh.dtype)
        before = torch.cat([first.unsqueeze(1), hidden[:, :-1]], 1)  # h_(t-1), known: no loop
        gates = slice(2 * hidden.shape[-1])  # torch stacks r, z, n; n is no gate
        with torch.autocast(x.device.type, enabled=False):
            weight = torch.cat([w_ih, w_hh], 1)[gates]  # (2 D, 2 D)
            both = torch.cat([x.to(w_hh.dtype), before], -1) @ weight.T + (b_ih + b_hh)[gates]
        r, z = both.sigmoid().chunk(2, -1)
        return {"reset_gate": r, "update_gate": z, "hidden": hidden, "retention": z}


def _precision(x: Tensor) -> AbstractContextManager[object]:
    """Leave CPU autocast where the CPU has no such arithmetic: emulated, it is 8 times slower."""
    if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return nullcontext()
    onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    native = onednn and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast("cpu", enabled=native and torch.get_autocast_dtype("cpu") == torch.bfloat16)


@hookimpl
def seqtoolkit_architectures() -> dict[str, type[SequenceMixer]]:
    return {"gru": GRU}

"""The LSTM: a cell that is added to instead of rewritten, and gates that decide when."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from seqtoolkit import SequenceMixer, State, hookimpl


class LSTM(SequenceMixer):
    """Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).

    i, f, o = sigmoid(W x_t + U h_(t-1) + b),  g = tanh(...),  c_t = f c_(t-1) + i g,  h_t = o tanh(c_t).
    The state is (h, c), each (B, D).

    Args:
        d_model: Width of inputs, outputs, the cell and the hidden state.
        forget_bias: Bias of the forget gate at the start. With 1 a new cell keeps 73 % of itself at each
            step instead of half, and learns long lags sooner (Gers et al. 2000; Jozefowicz et al. 2015).
    """

    def __init__(self, d_model: int, forget_bias: float = 1.0) -> None:
        super().__init__()
        self.lstm = nn.LSTM(d_model, d_model, batch_first=True)
        forget = slice(d_model, 2 * d_model)  # torch stacks the gates as i, f, g, o, and adds two biases
        _, _, b_ih, b_hh = self.lstm.all_weights[0]
        nn.init.constant_(b_ih[forget], forget_bias)
        nn.init.zeros_(b_hh[forget])

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mix x (B, T, D), continuing from (h, c); return the hidden states (B, T, D) and the last (h, c)."""
        weights = self.lstm.all_weights[0]
        dtype = weights[0].dtype
        if _one_step(x):
            none = x.new_zeros(x[:, 0].shape, dtype=dtype)
            past = [none, none] if state is None else [part.to(dtype) for part in state]
            h, c = torch.lstm_cell(x[:, 0].to(dtype), past, *weights)
            return h.unsqueeze(1), (h, c)
        before = None if state is None else tuple(part.to(dtype).unsqueeze(0) for part in state)
        with _precision(x):
            hidden, (h, c) = self.lstm(x.to(dtype), before)
        return hidden, (h.squeeze(0), c.squeeze(0))

    def trace(self, x: Tensor, state: State | None = None) -> dict[str, Tensor]:
        """Return the gates, the `cell` and the `hidden` state, each (B, T, D).

        The gates are `input_gate`, `forget_gate` and `output_gate`. `retention` is the forget gate: the
        factor by which the cell keeps its past.
        """
        w_ih, w_hh, b_ih, b_hh = self.lstm.all_weights[0]
        hidden = self(x, state)[0].to(w_hh.dtype)
        zeros = torch.zeros_like(hidden[:, 0])
        h, c = (zeros, zeros) if state is None else (part.to(w_hh.dtype) for part in state)
        before = torch.cat([h.unsqueeze(1), hidden[:, :-1]], 1)  # h_(t-1), known: no loop for the gates
        with torch.autocast(x.device.type, enabled=False):
            both = torch.cat([x.to(w_hh.dtype), before], -1) @ torch.cat([w_ih, w_hh], 1).T + b_ih + b_hh
        i, f, g, o = both.chunk(4, -1)
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        gates = {"input_gate": i, "forget_gate": f, "output_gate": o, "retention": f}
        return gates | {"cell": _scan(f, i * g.tanh(), c), "hidden": hidden}


def _scan(keep: Tensor, add: Tensor, cell: Tensor) -> Tensor:
    """Unroll c_t = keep_t c_(t-1) + add_t over (B, T, D): elementwise, and only when tracing."""
    cells = []
    for k, a in zip(keep.unbind(1), add.unbind(1), strict=True):
        cell = k * cell + a
        cells.append(cell)
    return torch.stack(cells, 1)


def _one_step(x: Tensor) -> bool:
    """Say whether x is one step on a CPU, where setting up oneDNN's LSTM costs more than the step."""
    return x.shape[1] == 1 and x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")


def _precision(x: Tensor) -> AbstractContextManager[object]:
    """Leave CPU autocast where the CPU has no such arithmetic: oneDNN's LSTM raises there."""
    if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return nullcontext()
    onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    native = onednn and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast("cpu", enabled=native and torch.get_autocast_dtype("cpu") == torch.bfloat16)


@hookimpl
def seqtoolkit_architectures() -> dict[str, type[SequenceMixer]]:
    return {"lstm": LSTM}

"""The plain recurrent network: one state vector, rewritten at every step and protected by nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch
from torch import Tensor, nn

from seqtoolkit import SequenceMixer, State, hookimpl


class RNN(SequenceMixer):
    """Plain recurrent network, h_t = f(W x_t + U h_(t-1) + b) (Elman 1990).

    The state is h, (B, D). `orthogonal` starts U as a random rotation, which keeps the length of the past
    (Saxe et al. 2014); `irnn` starts it as the identity with small inputs (Le et al. 2015), meant for `relu`.

    Args:
        d_model: Width of inputs, outputs and the hidden state.
        nonlinearity: The function f: `tanh` or `relu`.
        init: How the weights start: `orthogonal` or `irnn`.
    """

    def __init__(
        self,
        d_model: int,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        init: Literal["orthogonal", "irnn"] = "orthogonal",
    ) -> None:
        super().__init__()
        self.rnn = nn.RNN(d_model, d_model, nonlinearity=nonlinearity, batch_first=True)
        inward, recurrent, *biases = self.rnn.all_weights[0]
        for bias in biases:
            nn.init.zeros_(bias)
        if init == "irnn":
            nn.init.eye_(recurrent)
            nn.init.normal_(inward, std=0.001)
        else:
            nn.init.orthogonal_(recurrent)
            nn.init.xavier_uniform_(inward)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mix x (B, T, D), continuing from h (B, D); return the hidden states (B, T, D) and the last one."""
        dtype = self.rnn.all_weights[0][0].dtype
        with _precision(x):
            hidden, last = self.rnn(x.to(dtype), None if state is None else state.to(dtype).unsqueeze(0))
        return hidden, last.squeeze(0)

    def trace(self, x: Tensor, state: State | None = None) -> dict[str, Tensor]:
        """Return `hidden` (B, T, D), which is also the output. Nothing here is a gate."""
        return {"hidden": self(x, state)[0]}


def _precision(x: Tensor) -> AbstractContextManager[object]:
    """Leave CPU autocast where the CPU has no such arithmetic: emulated, it is 8 times slower."""
    if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return nullcontext()
    onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    native = onednn and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast("cpu", enabled=native and torch.get_autocast_dtype("cpu") == torch.bfloat16)


@hookimpl
def seqtoolkit_architectures() -> dict[str, type[SequenceMixer]]:
    return {"rnn": RNN}

"""decoding: what cannot be measured is refused, with what to do."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seqtoolkit.retention.decoding import decoding
from seqtoolkit.retention.drive import drive
from tests.retention.decoded import by_unit, gru
from tests.retention.known import Leaky, delay_line, known, leaky

A = 0.8


def test_inputs_that_hang_together_have_no_capacity_beyond_the_rank() -> None:
    seen = delay_line(2)
    inputs = drive(seen, 130, 30, 0).repeat_interleave(8, 1)[:, :40]  # each input eight times
    with pytest.raises(RuntimeError, match=r"capacity of .* exceeds the rank 2 .* not independent"):
        decoding(seen, inputs, list(range(8)))
    assert "capacity" not in by_unit(decoding(seen, inputs, list(range(8)), drive="held"))["rho2"].settings


class Diverged(Leaky):
    """Leaky, but sequences with a large first input become infinite."""

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h, state = super().forward(x, state)
        return torch.where(x[:, :1] > 2, h * torch.inf, h), state


def test_what_cannot_be_measured_is_refused_with_what_to_do() -> None:
    values, tokens = leaky(A), gru()
    inputs = drive(values, 130, 20, 0)
    with pytest.raises(ValueError, match="lag 20 lies beyond sequences of 20 steps"):
        decoding(values, inputs, [1, 20])
    with pytest.raises(
        ValueError, match=r"29 sequences are too few .* at least 30 .* give 120 or more in all"
    ):
        decoding(values, inputs[:119], [1])
    with pytest.raises(ValueError, match=r"for 200 features; at least 400 are needed: give 800 sequences"):
        decoding(gru(d_model=200), drive(tokens, 130, 20, 0), [19])
    with pytest.raises(ValueError, match="do not vary at some lag"):
        decoding(values, torch.ones(130, 20, 1), [1])
    with pytest.raises(ValueError, match="1 different tokens; decoding needs 2 to 128"):
        decoding(tokens, torch.ones(130, 20, dtype=torch.long), [1])
    with pytest.raises(ValueError, match=r"not finite, the first one in sequence \d+ at step"):
        decoding(values, inputs.masked_fill(inputs > 3, torch.nan), [1])
    with pytest.raises(ValueError, match=r"reads features \(N, T, 1\), the inputs are \(130, 20, 2\)"):
        decoding(values, inputs.repeat(1, 1, 2), [1])
    with pytest.raises(ValueError, match=r"reads tokens \(N, T\), the inputs are \(130, 20, 1\)"):
        decoding(tokens, inputs, [1])
    with pytest.raises(ValueError, match=r"tokens from 0 to 999; this model reads whole numbers from 0 to"):
        decoding(tokens, torch.arange(2600).reshape(130, 20) % 1000, [1])
    with pytest.raises(ValueError, match="not finite"):
        decoding(known(Diverged), inputs, [1])

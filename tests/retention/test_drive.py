"""Drives, lags and the test of causality: decided by their seed, and refused in words where they do not fit."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seqtoolkit import SequenceMixer
from seqtoolkit.retention.drive import check_causal, check_lags, drive
from seqtoolkit.retention.view import view
from tests.retention.test_view import ARCHITECTURES, sequence_model


def test_a_drive_is_decided_by_its_seed() -> None:
    seen = view(sequence_model("gru"))
    assert torch.equal(drive(seen, 4, 50, 3), drive(seen, 4, 50, 3))
    assert not torch.equal(drive(seen, 4, 50, 3), drive(seen, 4, 50, 4))
    assert set(drive(seen, 4, 50, 3).unique().tolist()) == set(range(7))
    assert set(drive(seen, 4, 50, 3, symbols=[5, 2]).unique().tolist()) == {2, 5}


@pytest.mark.parametrize("symbols", [[1], [1, 1], [0, 7], [-1, 2], []])
def test_symbols_that_cannot_drive(symbols: list[int]) -> None:
    with pytest.raises(ValueError, match="at least 2 different token ids from 0 to 6"):
        drive(view(sequence_model("gru")), 2, 3, 0, symbols)
    with pytest.raises(ValueError, match="is empty"):
        drive(view(sequence_model("gru")), 0, 3, 0)


class Ahead(SequenceMixer):
    """Sees one step of the future."""

    def __init__(self, d_model: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, state: object = None) -> tuple[Tensor, object]:
        return x + 1e-3 * torch.cat([x[:, 1:], x[:, :1]], 1), None


@pytest.mark.parametrize("options", [{}, {"vocab_size": 0, "num_features": 3}])
def test_a_model_that_sees_the_future_is_refused(options: dict[str, int]) -> None:
    for arch in ARCHITECTURES:
        seen = view(sequence_model(arch, **options))
        check_causal(seen, drive(seen, 4, 12, 0))
    seen = view(sequence_model(Ahead, **options))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not causal: changing its inputs from step"):
        check_causal(seen, drive(seen, 4, 12, 0))


def test_sequences_of_one_step_have_no_future() -> None:
    for arch in ARCHITECTURES:
        seen = view(sequence_model(arch))
        check_causal(seen, drive(seen, 4, 1, 0))


@pytest.mark.parametrize(
    ("lags", "message"),
    [
        ([], "at least one whole number"),
        ([1.5], "at least one whole number"),
        ([-1, 2], "0 or more and ascending"),
        ([1, 1], "0 or more and ascending"),
        ([3, 2], "0 or more and ascending"),
        ([1, 8], "lag 8 lies beyond sequences of 8 steps; use lags up to 7, or sequences of 9 steps"),
    ],
)
def test_lags_that_cannot_be_measured(lags: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_lags(lags, 8)
    check_lags([0, 1, 7], 8)

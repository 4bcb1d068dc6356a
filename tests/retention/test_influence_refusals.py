"""influence: what cannot be measured is refused, with where it fails or what to give instead."""

from __future__ import annotations

import math

import pytest
import torch

from seqtoolkit.retention.influence import influence
from tests.retention.fresh import N
from tests.retention.known_flow import Ahead, Delay, known


class Whisper(Ahead):
    """Sees so little of the next step that its features move by no more than arithmetic would."""

    def forward(self, x: torch.Tensor, state: object = None) -> tuple[torch.Tensor, object]:
        return x + 2e-6 * torch.cat([x[:, 1:], x[:, :1]], 1), None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lags": [1, 12]}, "lag 12 lies beyond sequences of 12 steps"),
        (
            {"n": 119},
            "59 sequences are too few for an interval where 2 make one: at least 60 .* give 120 or more in all",
        ),
        ({"spoil": math.nan}, "not finite, the first one in sequence 3 at step 7"),
        (
            {"alike": 9},
            "the inputs of all sequences are the same at step 9, 2 before the last",
        ),
        ({"mixer": Ahead}, "the model is not causal"),
        ({"mixer": Whisper}, "not causal: changing the last input moved the prediction before it by"),
        ({"weight": math.nan}, "the features of this SequenceModel are not finite"),
    ],
)
def test_what_cannot_be_measured_is_refused(change: dict[str, object], message: str) -> None:
    seen = known(change.get("mixer", Delay))  # type: ignore[arg-type]
    inputs = torch.randn(int(change.get("n", N)), 12, 8)  # type: ignore[call-overload]
    if "spoil" in change:
        inputs[3, 7, 1] = change["spoil"]  # type: ignore[call-overload]
    if "alike" in change:
        inputs[:, change["alike"]] = 0.5  # type: ignore[call-overload]
    if "weight" in change:
        torch.nn.init.constant_(next(seen.model.parameters()), math.nan)
    with pytest.raises(ValueError, match=message):
        influence(seen, inputs, change.get("lags", [1, 2]))  # type: ignore[arg-type]

"""The models whose retention is known keep the law of mixers."""

from __future__ import annotations

import pytest
import torch

from tests.retention.known import Constant, DelayLine, Leaky, Reservoir


@pytest.mark.parametrize("mixer", [DelayLine(4), DelayLine(6, width=2), Leaky(3), Reservoir(3), Constant(3)])
def test_the_known_models_keep_the_law_of_mixers(mixer: DelayLine | Leaky | Reservoir | Constant) -> None:
    x = torch.randn(2, 9, 6 if isinstance(mixer, DelayLine) and mixer.width == 2 else mixer_width(mixer))
    whole, _ = mixer(x)
    for cut in range(1, 9):
        first, state = mixer(x[:, :cut])
        second, _ = mixer(x[:, cut:], state)
        torch.testing.assert_close(torch.cat([first, second], 1), whole)


def mixer_width(mixer: DelayLine | Leaky | Reservoir | Constant) -> int:
    return mixer.units if isinstance(mixer, DelayLine) else 3

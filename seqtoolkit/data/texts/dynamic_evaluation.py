"""Dynamic evaluation: what a language model is worth when it goes on learning from the text that it predicts.

Krause, Kahembwe, Murray & Renals 2018, "Dynamic evaluation of neural sequence models". The state of a recurrent model
holds some hundred symbols; weights that learn while they read hold what recurs in a whole text, such as its names.
"""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from seqtoolkit.batch import Batch
from seqtoolkit.carried import Carried
from seqtoolkit.data.intervals import interval, skill_interval
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.quality import Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums
from seqtoolkit.retention.view import measuring

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

FROZEN = "the same model, frozen"
CLIP = 1.0  # largest norm of a gradient


class Learner:
    """A copy of a model that learns from each batch after it has predicted it; the model stays as it is.

    One step of Adam without momentum (gradients divided by the root of their mean square, as in the paper's RMS rule)
    for each batch, without dropout.

    Args:
        model: where the copy begins.
        rate: of learning.
    """

    def __init__(self, model: AnyModel, rate: float) -> None:
        self.model = deepcopy(model).requires_grad_(True)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=rate, betas=(0.0, 0.999))
        self.carried = Carried()

    def read(self, batch: Batch) -> Tensor:
        """Return the loss (N,) of each target in nats, then learn from it.

        Raises ValueError when it is no longer finite.
        """
        with measuring(self.model):
            scores, state = self.model(batch.inputs, self.carried.before(batch), mask=batch.mask)
            losses = cross_entropy(scores.float(), batch.targets[batch.mask], reduction="none")
            self.carried.after(self.model, batch, state)
            self.optimizer.zero_grad()
            torch.autograd.backward(losses.mean())
        if not torch.isfinite(losses).all():
            raise ValueError(
                "the model diverged while it learned from what it read: give a smaller --data.dynamic_rate"
            )
        clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        return losses.detach()


class DynamicEvaluation(SequenceMetric):
    """Bits for each symbol by a `Learner`, beside those of the model that it was; sums of each window.

    Args:
        windows: of the whole split, read in order.
        rate: of learning.
        unit: what a symbol is, such as character.
    """

    dynamic: Tensor  # (windows, 3) targets, nats of the learner, nats of the model

    def __init__(self, windows: int, rate: float, unit: str) -> None:
        super().__init__()
        self.rate, self.unit = rate, unit
        self.count("dynamic", size=(windows, 3), dtype=torch.double)
        self._learner: Learner | None = None

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Add the targets of one batch, then learn from them."""
        assert batch.index is not None
        frozen = cross_entropy(scores.float(), batch.targets[batch.mask], reduction="none")
        with torch.inference_mode(False), torch.enable_grad():
            self._learner = self._learner or Learner(model, self.rate)
            learned = self._learner.read(_own(batch))
        columns = torch.stack([torch.ones_like(frozen), learned, frozen], 1)
        window = batch.index.unsqueeze(1).expand_as(batch.mask)[batch.mask]
        self.dynamic.index_add_(0, window, columns.double())

    def reset(self) -> None:
        """Begin anew, with the model as it is then."""
        super().reset()
        self._learner = None

    def compute(self) -> dict[str, Tensor]:
        """Return the bits for each symbol; for `records` the sums of the windows."""
        steps, learned, _ = self.dynamic.sum(0)
        return {
            f"dynamic_bits_per_{self.unit}": (learned / steps / math.log(2)).float(),
            "dynamic": self.dynamic,
        }

    def records(self, values: dict[str, Tensor]) -> list[Quality]:
        """Return the measure with bootstrap intervals over windows, paired with the model that does not learn."""
        table = values["dynamic"].cpu().numpy()
        table = table[table[:, 0] > 0]
        if not len(table):
            return []
        steps, learned, frozen = np.concatenate([table.sum(0, keepdims=True), resampled_sums(table)]).T
        bits = steps * math.log(2)
        settings: dict[str, Any] = {
            "interval": "percentile bootstrap over windows",
            "resamples": RESAMPLES,
            "rate": self.rate,
            "rule": f"Adam without momentum, one step after each window, gradients clipped at {CLIP:g}",
        }
        return [
            Quality(
                measure=f"dynamic_bits_per_{self.unit}",
                unit="bits",
                higher_is_better=False,
                n=len(table),
                baseline=FROZEN,
                baseline_estimate=float(frozen[0] / bits[0]),
                settings=settings,
                **interval(learned / bits),
                **skill_interval(1 - learned / frozen),
            )
        ]


def _own(batch: Batch) -> Batch:
    """Copy a batch: what was made in inference mode cannot be learned from."""
    tensors: dict[str, Any] = {
        n: value.clone() for n, value in vars(batch).items() if isinstance(value, Tensor)
    }
    return replace(batch, **tensors)

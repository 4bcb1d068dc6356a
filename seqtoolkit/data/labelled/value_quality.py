"""What a regression to one value of each sequence is worth: RMSE and MAE in the user's units, its worst examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.data.answered import Answered, Show, worst
from seqtoolkit.data.intervals import interval, skill_interval
from seqtoolkit.data.labelled.class_records import PAIRED
from seqtoolkit.data.written_number import written_number
from seqtoolkit.losses import Loss
from seqtoolkit.quality import Example, Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums


class ValueQuality(Answered):
    """Root mean squared and mean absolute error of N examples, beside always answering the training mean.

    Args:
        truth: (N,) in the user's units.
        center: mean of the training sequences.
        scale: of the scores: value = score * scale + center.
        show: how an example looks.
    """

    def __init__(self, truth: NDArray[np.float64], center: float, scale: float, show: Show) -> None:
        super().__init__(len(truth), 1, Loss("values"))
        self.truth = torch.from_numpy(truth)
        self.center, self.scale, self.show = center, scale, show

    def compute(self) -> dict[str, Tensor]:
        """Return `rmse` and `mae`; for `records` index and answer of each (M, 2)."""
        seen, scores, _ = self.answered()
        answers = scores[:, 0] * self.scale + self.center
        error = answers - self.truth.to(seen.device)[seen]
        return {
            "rmse": error.square().mean().sqrt(),
            "mae": error.abs().mean(),
            "table": torch.stack([seen, answers], 1),  # a vector of one would be taken for a scalar
        }

    def records(self, values: dict[str, Tensor]) -> list[Quality | Example]:
        """Return both errors with intervals and the baseline, and the examples of the largest error."""
        table = values["table"].cpu().numpy()
        if not len(table):
            return []
        seen, answers = table[:, 0].astype(int), table[:, 1]
        truth = self.truth.numpy()[seen]
        losses = np.square((answers - truth) / self.scale)
        named = ([_written(value, self.scale) for value in some.tolist()] for some in (truth, answers))
        shown = worst(zip(seen.tolist(), losses.tolist(), *named, strict=True), self.show)
        return [*_errors(answers - truth, self.center - truth), *shown]


def _written(value: float, scale: float) -> str:
    """Write a value as text: of a large one, what changes is kept."""
    return f"{written_number(value, scale):.15g}"


def _errors(ours: NDArray[np.float64], base: NDArray[np.float64]) -> list[Quality]:
    n = len(ours)
    table = np.stack([ours**2, base**2, np.abs(ours), np.abs(base)], 1)
    sums = np.concatenate([table.sum(0, keepdims=True), resampled_sums(table)]) / n
    common: dict[str, Any] = {
        "unit": "of the target",
        "higher_is_better": False,
        "n": n,
        "baseline": "training mean",
        "settings": {"interval": PAIRED, "resamples": RESAMPLES},
    }
    measures = {"rmse": np.sqrt(sums[:, :2]), "mae": sums[:, 2:]}
    return [Quality(measure=name, **_beside(*both.T), **common) for name, both in measures.items()]


def _beside(ours: NDArray[np.float64], base: NDArray[np.float64]) -> dict[str, Any]:
    """Name the errors of the data, the first ones, and the intervals of the resampled ones."""
    skill = 1 - np.divide(ours, base, out=np.ones_like(ours), where=base > 0)
    return {
        **interval(ours),
        "baseline_estimate": float(base[0]),
        **skill_interval(skill),
    }

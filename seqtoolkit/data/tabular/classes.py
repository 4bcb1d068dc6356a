"""What a classification of every step is worth: accuracy and loss, beside the most frequent class of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.classification import multiclass_confusion_matrix

from seqtoolkit.batch import Batch
from seqtoolkit.data.intervals import interval, skill_interval
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.tabular.examples import SeriesExamples
from seqtoolkit.data.tabular.units import Units, answered
from seqtoolkit.losses import Loss
from seqtoolkit.quality import Confusion, Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

COLUMNS = ("steps", "hits", "majority", "loss", "frequencies")  # what is summed in each unit


class StepClasses(SequenceMetric):
    """Accuracy and loss over all steps; steps beside each other depend on each other, so units are resampled.

    Args:
        examples: windows of the split.
        units: what is resampled.
        classes: C names.
        class_counts: (C,) training steps of each, for the baselines.
    """

    sums: Tensor  # (U, 5) see COLUMNS
    confusion: Tensor  # (C, C) truth by answer

    def __init__(
        self, examples: SeriesExamples, units: Units, classes: Sequence[str], class_counts: Sequence[int]
    ) -> None:
        super().__init__()
        self.examples, self.units, self.classes = examples, units, list(classes)
        shares = torch.tensor(class_counts, dtype=torch.float64) + 1  # so that no class is impossible
        self.majority, self.surprise = int(shares.argmax()), -(shares / shares.sum()).log()
        self.criterion = Loss()
        self.count("sums", size=(units.count, len(COLUMNS)), dtype=torch.float64)
        self.count("confusion", size=(len(classes), len(classes)))

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Count one batch."""
        index, step = (part.cpu() for part in answered(batch))
        truth, answers = batch.targets[batch.mask], scores.argmax(-1)
        found = [
            torch.ones(len(truth)),
            answers == truth,
            truth == self.majority,
            self.criterion(scores, truth),
            self.surprise.to(truth.device)[truth],
        ]
        columns = torch.stack([part.double().to(self.sums.device) for part in found], 1)
        self.sums.index_add_(0, self.units.of(self.examples, index, step).to(self.sums.device), columns)
        self.confusion += multiclass_confusion_matrix(answers, truth, len(self.classes)).to(
            self.confusion.device
        )

    def compute(self) -> dict[str, Tensor]:
        """Return `accuracy`, `majority_accuracy`; for `records` the sums and the confusion."""
        total = self.sums.sum(0)
        return {
            "accuracy": total[1] / total[0],
            "majority_accuracy": total[2] / total[0],
            "sums": self.sums.clone(),
            "confusion": self.confusion.clone(),
        }

    def records(self, values: dict[str, Tensor]) -> list[Quality | Confusion]:
        """Return accuracy and loss with intervals and baselines, and the confusions."""
        sums = values["sums"].cpu().numpy()
        sums = sums[sums[:, 0] > 0]
        if not len(sums):
            return []
        drawn = np.concatenate([sums.sum(0, keepdims=True), resampled_sums(sums)])
        hits, majority, loss, plain = (drawn[:, place] / drawn[:, 0] for place in range(1, 5))
        room = 1 - majority
        won = np.divide(hits - majority, room, out=np.zeros_like(hits), where=room > 0)
        base = {"baseline_class": self.classes[self.majority]}
        return [
            self._quality("accuracy", "share", len(sums), hits, "majority class", majority, won, base),
            self._quality("loss", "nats", len(sums), loss, "class frequencies", plain, 1 - loss / plain, {}),
            Confusion(self.classes, values["confusion"].tolist()),
        ]

    def _quality(
        self,
        measure: str,
        unit: str,
        n: int,
        ours: Any,
        name: str,
        base: Any,
        skill: Any,
        more: dict[str, Any],
    ) -> Quality:
        over = f"percentile bootstrap over {self.units.description}, paired with the baseline"
        return Quality(
            measure=measure,
            unit=unit,
            higher_is_better=measure == "accuracy",
            n=n,
            **interval(ours),
            baseline=name,
            baseline_estimate=float(base[0]),
            **skill_interval(skill),
            settings={"interval": over, "resamples": RESAMPLES, **more},
        )

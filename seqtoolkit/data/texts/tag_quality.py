"""How many words get their tag: beside the most frequent tag, and the most frequent tag of each word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.intervals import interval, skill_interval
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.quality import Confusion, Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel


class TagQuality(SequenceMetric):
    """Sums of each sentence, by `Batch.index`, and the confusions of all words.

    Args:
        classes: C names of the tags.
        majority: (N,) words of each sentence that the most frequent tag of training is right for.
        lexicon: (N,) words that the most frequent tag of that word in training is right for.
    """

    table: Tensor  # (N, 2) words and right answers
    confusion: Tensor  # (C * C,) truth by answer

    def __init__(
        self, classes: Sequence[str], majority: NDArray[np.int64], lexicon: NDArray[np.int64]
    ) -> None:
        super().__init__()
        self.classes = list(classes)
        self.count("table", size=(len(majority), 2))
        self.count("confusion", size=(len(classes) ** 2,))
        self.register_buffer(
            "baselines", torch.from_numpy(np.stack([majority, lexicon], 1)), persistent=False
        )

    baselines: Tensor  # (N, 2)

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Count the words of one batch."""
        assert batch.index is not None
        targets, answers = batch.targets[batch.mask], scores.argmax(-1)
        sentence = batch.index.unsqueeze(1).expand_as(batch.mask)[batch.mask]
        right = answers == targets
        self.table.index_add_(0, sentence, torch.stack([torch.ones_like(targets), right.long()], 1))
        pairs = targets * len(self.classes) + answers
        self.confusion += torch.bincount(pairs, minlength=len(self.confusion))

    def compute(self) -> dict[str, Tensor]:
        """Return the share of right tags, and that of both baselines; for `records` the counts."""
        seen = self.table[:, 0] > 0
        words, right = self.table.sum(0)
        majority, lexicon = self.baselines[seen].sum(0)
        return {
            "accuracy": right / words,
            "majority_accuracy": majority / words,
            "word_tag_accuracy": lexicon / words,
            "table": torch.cat([self.table, self.baselines], 1)[seen],
            "confusion": self.confusion.clone(),
        }

    def records(self, values: dict[str, Tensor]) -> list[Quality | Confusion]:
        """Return the accuracy, its interval by bootstrap over sentences, paired with the baseline; and confusions."""
        table = values["table"].cpu().numpy().astype(np.float64)
        if not len(table):
            return []
        counts = values["confusion"].cpu().reshape(len(self.classes), -1).tolist()
        return [_accuracy(table), Confusion(self.classes, counts)]


def _accuracy(table: NDArray[np.float64]) -> Quality:
    sums = np.concatenate([table.sum(0, keepdims=True), resampled_sums(table)])  # the data first
    words, right, majority, lexicon = sums.T
    room = np.maximum(words - majority, 1e-9)
    estimate, skill = right / words, (right - majority) / room
    return Quality(
        measure="accuracy",
        unit="share",
        higher_is_better=True,
        n=len(table),
        **interval(estimate),
        baseline="majority class",
        baseline_estimate=float(majority[0] / words[0]),
        **skill_interval(skill),
        settings={
            "interval": "percentile bootstrap over sentences",
            "resamples": RESAMPLES,
            "words": int(words[0]),
            "most_frequent_tag_of_each_word": float(lexicon[0] / words[0]),
        },
    )

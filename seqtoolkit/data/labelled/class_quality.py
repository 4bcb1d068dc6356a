"""What a classifier is worth: accuracy and macro F1 of what it answered, its confusions, and its worst examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional.classification import multiclass_confusion_matrix, multiclass_f1_score

from seqtoolkit.data.answered import Answered, Show, worst
from seqtoolkit.data.labelled.class_records import class_records
from seqtoolkit.losses import Loss
from seqtoolkit.quality import Confusion, Example, Quality


class ClassQuality(Answered):
    """Accuracy, macro F1 and the loss of N examples, each with one class, beside what the training classes tell.

    Args:
        truth: (N,) the class of each example.
        classes: C names.
        class_counts: (C,) training examples of each, for the baselines.
        show: how an example looks, as fields of `Example`, by its index.
    """

    def __init__(
        self, truth: NDArray[Any], classes: Sequence[str], class_counts: Sequence[int], show: Show
    ) -> None:
        super().__init__(len(truth), len(classes), Loss())
        self.truth = torch.from_numpy(truth)
        self.classes = tuple(classes)
        self.class_counts = tuple(class_counts)
        self.show = show

    def compute(self) -> dict[str, Tensor]:
        """Return `accuracy` and `macro_f1`; for `records` index, answer and loss of each (M, 3), and the confusions."""
        seen, scores, losses = self.answered()
        answers, truth = scores.argmax(-1), self.truth.to(seen.device)[seen]
        confusion = multiclass_confusion_matrix(answers, truth, len(self.classes))
        return {
            "accuracy": confusion.diagonal().sum() / confusion.sum(),
            "macro_f1": multiclass_f1_score(answers, truth, len(self.classes), average="macro"),
            "table": torch.stack([seen, answers, losses], 1),  # a vector of one would be taken for a scalar
            "confusion": confusion,
        }

    def records(self, values: dict[str, Tensor]) -> list[Quality | Confusion | Example]:
        """Return the measures with intervals and baselines, the confusions, and the examples of the largest loss."""
        table, confusion = values["table"].cpu().numpy(), values["confusion"].cpu().numpy()
        if not len(table):
            return []
        seen, answers = table[:, 0].astype(int), table[:, 1].astype(int)
        truth, losses = self.truth.numpy()[seen], table[:, 2]
        measured = class_records(confusion, truth, losses, self.classes, self.class_counts)
        names = ([self.classes[number] for number in numbers.tolist()] for numbers in (truth, answers))
        shown = worst(zip(seen.tolist(), losses.tolist(), *names, strict=True), self.show)
        return [*measured, Confusion(list(self.classes), confusion.tolist()), *shown]

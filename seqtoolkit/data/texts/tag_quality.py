"""How many words get their tag, beside the most frequent tags; the sentences with the most wrong ones, to look into."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqtoolkit.batch import Batch
from seqtoolkit.data.answered import WORST
from seqtoolkit.data.intervals import interval, skill_interval
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.texts.conll import Sentence
from seqtoolkit.quality import Confusion, Example, Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

SHOWN = 200  # words of a sentence that is shown


class TagQuality(SequenceMetric):
    """Sums of each sentence, by `Batch.index`, the confusions of all words, and the answer to each.

    Args:
        classes: C names of the tags.
        sentences: N, of the split.
        majority: (N,) words of each sentence that the most frequent tag of training is right for.
        lexicon: (N,) words that the most frequent tag of that word in training is right for.
    """

    table: Tensor  # (N, 2) words and right answers
    confusion: Tensor  # (C * C,) truth by answer
    answers: Tensor  # (W,) of every word, in the process that had its sentence
    nats: Tensor  # (N,) of all words of each sentence

    def __init__(
        self,
        classes: Sequence[str],
        sentences: Sequence[Sentence],
        majority: NDArray[np.int64],
        lexicon: NDArray[np.int64],
    ) -> None:
        super().__init__()
        self.classes, self.sentences = list(classes), sentences
        self.begins = np.cumsum(
            [0, *(len(each.words) for each in sentences)]
        )  # the first word of each sentence
        self.count("table", size=(len(majority), 2))
        self.count("confusion", size=(len(classes) ** 2,))
        self.count("answers", size=(int(self.begins[-1]),))
        self.count("nats", size=(len(majority),), dtype=torch.double)
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
        word = torch.from_numpy(self.begins).to(sentence.device)[sentence] + _places(batch.mask)
        self.answers.index_add_(0, word, answers)
        losses = cross_entropy(scores.float(), targets, reduction="none")
        self.nats.index_add_(0, sentence, losses.double())

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
            "answers": self.answers.clone(),
            "each": torch.cat([self.table.double(), self.nats[:, None]], 1),  # (N, 3)
        }

    def records(self, values: dict[str, Tensor]) -> list[Quality | Confusion | Example]:
        """Return the accuracy with its interval over sentences, confusions, and the sentences with most wrong tags."""
        table = values["table"].cpu().numpy().astype(np.float64)
        if not len(table):
            return []
        counts = values["confusion"].cpu().reshape(len(self.classes), -1).tolist()
        worst = self._worst(values["each"].cpu().numpy(), values["answers"].cpu().tolist())
        return [_accuracy(table), Confusion(self.classes, counts), *worst]

    def _worst(self, each: NDArray[np.float64], answers: list[int]) -> list[Example]:
        """Return the sentences of the most wrong tags, of equally many those of the largest loss."""
        words, wrong, nats = each[:, 0], each[:, 0] - each[:, 1], each[:, 2]
        bad = np.flatnonzero(wrong).tolist()
        first = heapq.nsmallest(WORST, bad, key=lambda number: (-wrong[number], -nats[number], number))
        return [self._example(number, float(nats[number] / words[number]), answers) for number in first]

    def _example(self, index: int, loss: float, answers: list[int]) -> Example:
        sentence, begin = self.sentences[index], self.begins[index]
        given = [self.classes[answer] for answer in answers[begin : self.begins[index + 1]]]
        words, truth, answer = (" ".join(names[:SHOWN]) for names in (sentence.words, sentence.tags, given))
        return Example(index=index, loss=loss, chosen="worst", text=words, truth=truth, answer=answer)


def _places(mask: Tensor) -> Tensor:
    """Return of each supervised step of a batch, row by row, which of its row it is."""
    return (mask.cumsum(1) - 1)[mask]


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

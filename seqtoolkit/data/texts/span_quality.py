"""How many whole spans are found (precision, recall, F1), beside the most frequent tag of each word."""

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
from seqtoolkit.data.texts.spans import spans
from seqtoolkit.quality import Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel


def span_counts(truth: Sequence[str], answer: Sequence[str]) -> tuple[int, int, int]:
    """Count the spans of a sentence that are true, that are answered, and that are both, word for word."""
    true, answered = spans(truth), spans(answer)
    return len(true), len(answered), len(true & answered)


class SpanQuality(SequenceMetric):
    """Counts of spans of each sentence, by `Batch.index`.

    Args:
        classes: C names of the tags.
        lexicon: (N, 3) the `span_counts` of each sentence by the most frequent tag of each word in training.
    """

    table: Tensor  # (N, 4): whether it was seen, and its span counts
    lexicon: Tensor  # (N, 3)

    def __init__(self, classes: Sequence[str], lexicon: NDArray[np.int64]) -> None:
        super().__init__()
        self.classes = list(classes)
        self.count("table", size=(len(lexicon), 4))
        self.register_buffer("lexicon", torch.from_numpy(lexicon), persistent=False)

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Count the spans of one batch."""
        assert batch.index is not None
        sizes = batch.mask.sum(1).tolist()
        pairs = zip(
            self._named(batch.targets[batch.mask], sizes), self._named(scores.argmax(-1), sizes), strict=True
        )
        counts = torch.tensor([(1, *span_counts(*pair)) for pair in pairs], device=self.table.device)
        self.table.index_add_(0, batch.index, counts)

    def compute(self) -> dict[str, Tensor]:
        """Return precision, recall and F1 of spans; for `records` the counts."""
        seen = self.table[:, 0] > 0
        true, answered, right = self.table[seen, 1:].sum(0)
        return {
            "span_precision": right / answered.clamp(min=1),
            "span_recall": right / true.clamp(min=1),
            "span_f1": 2 * right / (true + answered).clamp(min=1),
            "spans": torch.cat([self.table[:, 1:], self.lexicon], 1)[seen],
        }

    def records(self, values: dict[str, Tensor]) -> list[Quality]:
        """Return the F1, its interval by bootstrap over sentences, paired with the baseline."""
        table = values["spans"].cpu().numpy().astype(np.float64)
        if not len(table):
            return []
        sums = np.concatenate([table.sum(0, keepdims=True), resampled_sums(table)])  # the data first
        ours, usual = _f1(sums[:, :3]), _f1(sums[:, 3:])
        return [
            Quality(
                measure="span_f1",
                unit="share",
                higher_is_better=True,
                n=len(table),
                **interval(ours),
                baseline="most frequent tag of each word",
                baseline_estimate=float(usual[0]),
                **skill_interval((ours - usual) / np.maximum(1 - usual, 1e-9)),
                settings={
                    "interval": "percentile bootstrap over sentences",
                    "resamples": RESAMPLES,
                    "spans": int(sums[0, 0]),
                    "precision": float(values["span_precision"]),
                    "recall": float(values["span_recall"]),
                },
            )
        ]

    def _named(self, tags: Tensor, sizes: Sequence[int]) -> list[list[str]]:
        """Cut the tags of a batch into sentences, by name."""
        return [[self.classes[tag] for tag in some.tolist()] for some in torch.split(tags, list(sizes))]


def _f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the F1 of each row of `span_counts`; 0 where there is no span at all."""
    found: NDArray[np.float64] = 2 * counts[:, 2] / np.maximum(counts[:, 0] + counts[:, 1], 1)
    return found

"""How well the next symbol is known: bits and accuracy, beside what training frequencies know; the hardest windows."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqtoolkit.batch import Batch
from seqtoolkit.data.answered import WORST, Show
from seqtoolkit.data.intervals import interval, skill_interval
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.quality import Example, Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

UNIGRAM, LIKELIEST = "unigram", "most frequent symbol"
_COLUMNS = ("steps", "nats", "hits", "unigram_nats", "unigram_hits")


class LanguageQuality(SequenceMetric):
    """Sums of each window of a text, by `Batch.index`.

    The baseline is the unigram: each symbol's frequency in training, of which every symbol has one more than it has,
    so that none is impossible.

    Args:
        windows: of the whole split.
        counts: (V,) how often each symbol occurs in training.
        unit: what a symbol is, such as character.
        show: how a window looks, to keep those of the most bits.
    """

    table: Tensor  # (windows, 5) see _COLUMNS
    unigram: Tensor  # (V,) log probabilities

    def __init__(self, windows: int, counts: NDArray[np.int64], unit: str, show: Show | None = None) -> None:
        super().__init__()
        self.unit, self.show = unit, show
        self.count("table", size=(windows, len(_COLUMNS)), dtype=torch.double)
        self.register_buffer(
            "unigram", torch.from_numpy(np.log((counts + 1) / (counts + 1).sum())), persistent=False
        )
        self.likeliest = int(counts.argmax())

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Add the supervised steps of one batch."""
        assert batch.index is not None
        targets = batch.targets[batch.mask]
        columns = [
            torch.ones_like(targets),
            cross_entropy(scores.float(), targets, reduction="none"),
            scores.argmax(-1) == targets,
            -self.unigram[targets],
            targets == self.likeliest,
        ]
        window = batch.index.unsqueeze(1).expand_as(batch.mask)[batch.mask]
        self.table.index_add_(0, window, torch.stack([column.double() for column in columns], 1))

    def compute(self) -> dict[str, Tensor]:
        """Return bits for each symbol, accuracy, the unigram's bits and the skill; for `records` the `table`."""
        steps, nats, hits, unigram, _ = self.table.sum(0)
        bits = 1 / (steps * math.log(2))
        return {
            f"bits_per_{self.unit}": (nats * bits).float(),
            "token_accuracy": (hits / steps).float(),
            "unigram_bits": (unigram * bits).float(),
            "skill": (1 - nats / unigram).float(),
            "table": self.table,
        }

    def records(self, values: dict[str, Tensor]) -> list[Quality | Example]:
        """Return both measures with bootstrap intervals over windows, paired with the baseline; the hardest windows."""
        table = values["table"].cpu().numpy()
        seen = np.flatnonzero(table[:, 0] > 0)
        return [*_records(table[seen], self.unit), *self._worst(seen, table)] if len(seen) else []

    def _worst(self, seen: NDArray[np.int64], table: NDArray[np.float64]) -> list[Example]:
        if self.show is None:
            return []
        loss = table[seen, 1] / table[seen, 0]
        first = heapq.nsmallest(WORST, zip((-loss).tolist(), seen.tolist(), strict=True))
        return [Example(index=index, loss=-less, chosen="worst", **self.show(index)) for less, index in first]


def _records(table: NDArray[np.float64], unit: str) -> list[Quality]:
    """Make the records of windows (N, 5); a measure is of sums, so that windows count by their length."""
    sums = np.concatenate([table.sum(0, keepdims=True), resampled_sums(table)])  # (1 + R, 5), the data first
    steps, nats, hits, base_nats, base_hits = sums.T
    bits = steps * math.log(2)
    settings = {
        "interval": "percentile bootstrap over windows",
        "resamples": RESAMPLES,
        "steps": int(steps[0]),
    }
    common: dict[str, Any] = {"n": len(table), "settings": settings}
    base = base_hits / steps
    return [
        Quality(
            measure=f"bits_per_{unit}",
            unit="bits",
            higher_is_better=False,
            baseline=UNIGRAM,
            baseline_estimate=float(base_nats[0] / bits[0]),
            **interval(nats / bits),
            **skill_interval(1 - nats / base_nats),
            **common,
        ),
        Quality(
            measure="token_accuracy",
            unit="accuracy",
            higher_is_better=True,
            baseline=LIKELIEST,
            baseline_estimate=float(base[0]),
            **interval(hits / steps),
            **skill_interval((hits / steps - base) / np.maximum(1 - base, 1e-12)),
            **common,
        ),
    ]

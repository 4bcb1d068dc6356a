"""What is counted over the batches of a validation or test, exactly, on any number of processes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor
from torchmetrics import Metric

from seqtoolkit.batch import Batch
from seqtoolkit.quality import Confusion, Example, Quality
from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.retention.record import Record

if TYPE_CHECKING:
    from seqtoolkit.encoder_decoder import EncoderDecoder
    from seqtoolkit.model import SequenceModel

    AnyModel: TypeAlias = SequenceModel | EncoderDecoder

StoredRecord = (
    Record | LengthRecord | AlignmentRecord | Quality | Confusion | Example
)  # each has `probe`, the stem of its file


class SequenceMetric(Metric, ABC):
    """Counts that are summed over batches and processes, and what follows from them.

    Every state is a sum (`count`), so that the result does not depend on how the data was split.
    """

    full_state_update = False

    def count(self, *names: str, size: tuple[int, ...] = (), dtype: torch.dtype = torch.long) -> None:
        """Add integer states of this size, summed over processes."""
        for name in names:
            self.add_state(name, torch.zeros(size, dtype=dtype), dist_reduce_fx="sum")

    @abstractmethod
    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Count one batch; `scores` (N, V) at the supervised positions, row-major in `batch.mask`."""

    @abstractmethod
    def compute(self) -> dict[str, Tensor]:
        """Return named values: scalars are logged as `<split>/<name>`, the others are for `records`."""

    def records(self, values: dict[str, Tensor]) -> Sequence[StoredRecord]:
        """Turn what `compute` returned into the probes that are stored beside the checkpoint."""
        return []


class TokenAccuracy(SequenceMetric):
    """The share of supervised positions where the highest score is the target's."""

    hits: Tensor
    total: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.count("hits", "total")

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Count the right answers."""
        self.hits += (scores.argmax(-1) == batch.targets[batch.mask]).sum()
        self.total += len(scores)

    def compute(self) -> dict[str, Tensor]:
        """Return `token_accuracy` in [0, 1]."""
        return {"token_accuracy": self.hits / self.total}

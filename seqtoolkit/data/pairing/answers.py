"""Answers, decoded and compared with their references: right or not, edits, chrF and BLEU, by source length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.beam import answer
from seqtoolkit.codec import Codec
from seqtoolkit.data.base import prompts
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.pairing.length_curves import length_records
from seqtoolkit.data.pairing.scoring import MEASURES, counts
from seqtoolkit.retention.length_record import LengthRecord

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel


class Answers(SequenceMetric):
    """Decodes every example, keeps the answers, and measures them once all are there.

    The answers stand by `Batch.index` in one sum of integers, each example in the process that had it; so every
    result, the ones that are no mean over examples too, is the same for any number of batches and processes.

    Args:
        references: for each example, what it may be answered with: one character for each class; a symbol that
            cannot be answered is a character that is no class.
        texts: the same as they are written, for chrF.
        codec: of the task.
        max_steps: symbols in the longest answer.
        beams: 1 decodes greedily, more by beam search.
        length_penalty: of beam search.
    """

    answers: Tensor  # (N, max_steps) class + 1; 0 after the end
    lengths: Tensor  # (N,) source symbols
    times: Tensor  # (N,) how often the example was decoded: 1, or 0 when only a part of the split is measured

    def __init__(
        self,
        references: Sequence[Sequence[str]],
        texts: Sequence[Sequence[str]],
        codec: Codec,
        max_steps: int,
        beams: int = 1,
        length_penalty: float = 1.0,
    ) -> None:
        super().__init__()
        self.references = references
        self.texts = texts
        self.codec = codec
        self.max_steps = max_steps
        self.beams = beams
        self.length_penalty = length_penalty
        self.count("answers", size=(len(references), max_steps), dtype=torch.int32)
        self.count("lengths", "times", size=(len(references),))

    def update(self, model: AnyModel, batch: Batch, scores: Tensor) -> None:
        """Decode the prompts of a batch."""
        assert batch.index is not None
        decoded = self._decode(model, prompts(batch))
        padded = [[number + 1 for number in one] + [0] * (self.max_steps - len(one)) for one in decoded]
        index = batch.index.to(self.times.device)
        self.answers.index_add_(0, index, torch.tensor(padded, dtype=torch.int32, device=index.device))
        self.lengths.index_add_(0, index, batch.mask.int().argmax(1).to(index))
        self.times.index_add_(0, index, torch.ones_like(index))

    def compute(self) -> dict[str, Tensor]:
        """Return each measure of all answers, and for `records` the table (N, 33) of source lengths and counts."""
        seen = self.times.nonzero().squeeze(-1)
        rows = seen.tolist()
        numbers = (self.answers[seen] // self.times[seen].unsqueeze(1)).tolist()
        answers = ["".join(chr(number - 1) for number in row if number) for row in numbers]
        references, texts = ([each[row] for row in rows] for each in (self.references, self.texts))
        table = counts(answers, references, texts, self.codec)
        lengths = (self.lengths[seen] // self.times[seen]).cpu().numpy()
        sums = table.sum(0, keepdims=True).astype(np.float64)
        values = {each.name: float(each(sums)[0]) if rows else float("nan") for each in MEASURES}
        scalars = {name: torch.tensor(value, device=self.times.device) for name, value in values.items()}
        return {**scalars, "table": torch.from_numpy(np.column_stack([lengths, table])).to(self.times.device)}

    def records(self, values: dict[str, Tensor]) -> list[LengthRecord]:
        """Return the curve of each measure by source length."""
        table = values["table"].cpu().numpy()
        how = {"length_penalty": self.length_penalty} if self.beams > 1 else {}
        return length_records(table[:, 0], table[:, 1:], {"beams": self.beams, **how})

    def _decode(self, model: AnyModel, asked: list[list[int]]) -> list[list[int]]:
        end, offset = self.codec.end_class, self.codec.offset
        found = answer(model, asked, end, self.max_steps, offset, self.beams, self.length_penalty)
        return [hypotheses[0].tokens for hypotheses in found]

"""Phoneme and word error rate of decoded words against the nearest of their pronunciations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torchmetrics.functional.text import edit_distance

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data.base import prompts
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.decoding import greedy

if TYPE_CHECKING:
    from seqtoolkit.model import SequenceModel


class PhonemeErrors(SequenceMetric):
    """Decodes every word greedily, and counts edits and wrong words.

    `references`: for each example (by `Batch.index`) its pronunciations, as texts with one character for each
    phoneme: that of its class.
    """

    edits: Tensor
    phonemes: Tensor
    wrong: Tensor
    words: Tensor

    def __init__(self, references: list[list[str]], codec: Codec, max_steps: int) -> None:
        super().__init__()
        self.references = references
        self.codec = codec
        self.max_steps = max_steps
        self.count("edits", "phonemes", "wrong", "words")

    def update(self, model: SequenceModel, batch: Batch, scores: Tensor) -> None:
        """Decode the words of a batch and compare."""
        assert batch.index is not None
        decoded = greedy(model, prompts(batch), self.codec.end_class, self.max_steps, self.codec.offset)
        pairs = [
            nearest("".join(map(chr, answer)), self.references[example])
            for answer, example in zip(decoded, batch.index.tolist(), strict=True)
        ]
        self.edits += sum(edits for edits, _ in pairs)
        self.phonemes += sum(length for _, length in pairs)
        self.wrong += sum(edits > 0 for edits, _ in pairs)
        self.words += len(batch)

    def compute(self) -> dict[str, Tensor]:
        """Return `per`, edits a phoneme of the nearest pronunciation, and `wer`, the share of wrong words."""
        return {"per": self.edits / self.phonemes, "wer": self.wrong / self.words}


def nearest(answer: str, references: list[str]) -> tuple[int, int]:
    """Return the edits to the nearest reference, and its length; the first of equally near ones counts."""
    if answer in references:
        return 0, len(answer)
    edits = edit_distance([answer] * len(references), references, reduction="none").tolist()
    return min(zip(edits, map(len, references), strict=True), key=lambda pair: pair[0])

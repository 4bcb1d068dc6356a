"""What every data module offers the core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lightning import LightningDataModule

from seqtoolkit.batch import Batch
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.metric import SequenceMetric

if TYPE_CHECKING:
    from seqtoolkit.decoding import Hypothesis


class SequenceData(LightningDataModule, ABC):
    """A task's data: its batches, its metrics, and the plain values that a checkpoint needs to be understood.

    `spec` is complete after construction and JSON-plain. It has `task` (a name), `vocab_size`, `num_classes`,
    `codec` (see `Codec.to_dict`; class c is token c + `Codec.offset`), and what else the task's results are read with.
    """

    spec: dict[str, Any]
    beams = 1  # with which `test` and `predict` decode; 1 is greedy
    length_penalty = 1.0  # of beam search
    n_best = 1  # answers that `predict` writes for each input

    @abstractmethod
    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return new metrics for "val" or "test", by name."""

    @abstractmethod
    def train_dataloader(self) -> Batches:
        """Return the shuffled training batches."""

    @abstractmethod
    def val_dataloader(self) -> Batches:
        """Return the validation batches."""

    @abstractmethod
    def test_dataloader(self) -> Batches:
        """Return the test batches."""

    def predict_dataloader(self) -> Iterable[Batch]:
        """Return a user's prompts, each row ending where the answer begins; `index` is the input order.

        Raises ValueError that names what is wrong with the input, or that there is none.
        """
        raise ValueError(
            f"{type(self).__name__} reads no inputs to predict; use `test`, or the dashboard to type one"
        )

    def prediction_rows(
        self, batch: Batch, decoded: list[list[Hypothesis]], n_best: int = 1
    ) -> list[dict[str, Any]]:
        """Return for each row of a batch of prompts what was asked and what was answered, as texts.

        `decoded` has the answers to each, best first. Of `n_best` more than 1: `source`, and as `n_best` a list of
        `answer` and `score`.
        """
        raise NotImplementedError(f"{type(self).__name__} offers prompts, but not the rows of their answers")


def prompts(batch: Batch) -> list[list[int]]:
    """Return the tokens of each row up to the first supervised position, which asks for the first answer."""
    asked = batch.mask.int().argmax(1) + 1
    return [row[:stop] for row, stop in zip(batch.inputs.tolist(), asked.tolist(), strict=True)]

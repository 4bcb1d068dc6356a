"""What every data module offers the core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lightning import LightningDataModule

from seqtoolkit.batch import Batch
from seqtoolkit.data.metric import SequenceMetric

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel
    from seqtoolkit.data.row_stream import RowStream
    from seqtoolkit.data.tabular.row_lines import RowLines


class SequenceData(LightningDataModule, ABC):
    """A task's data: its batches, its metrics, and the plain values that a checkpoint needs to be understood.

    `spec` is complete after construction and JSON-plain, and all that a checkpoint needs to be used without the data:
    - `task`: a name; `vocab_size` or `num_features` of the inputs; `num_classes`, the width of the head.
    - `target`: one of `losses.TARGETS`, classes when it is left out; `loss` and `quantiles`, see `losses.Loss`.
    - `codec` of symbols (see `Codec.to_dict`; class c is token c + `Codec.offset`), or `classes`, their names.
    - `inputs` of features, {channels, center, scale}: the model reads (x - center) / scale, as fitted in training;
      `outputs` of values likewise, {names, center, scale}, by which answers return to the user's units.
    - `files`: the sha256 of what was read, by the name of the option; what else the task's results are read with.
    """

    spec: dict[str, Any]
    files: tuple[str, ...] = ()  # options that name files of the three splits, which `predict` does without
    beams = 1  # with which `test` and `predict` decode; 1 is greedy
    length_penalty = 1.0  # of beam search
    n_best = 1  # answers that `predict` writes for each input

    @abstractmethod
    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return new metrics for "val" or "test", by name."""

    @abstractmethod
    def train_dataloader(self) -> Iterable[Batch]:
        """Return the shuffled training batches."""

    @abstractmethod
    def val_dataloader(self) -> Iterable[Batch]:
        """Return the validation batches."""

    @abstractmethod
    def test_dataloader(self) -> Iterable[Batch]:
        """Return the test batches."""

    def predict_dataloader(self) -> Iterable[Batch]:
        """Return a user's prompts, each row ending where the answer begins; `index` is the input order.

        Raises ValueError that names what is wrong with the input, or that there is none.
        """
        raise ValueError(
            f"{type(self).__name__} reads no inputs to predict; use `test`, or the dashboard to type one"
        )

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Answer a batch of `predict_dataloader`: the place of each input, counted from 0, and the row that is written.

        A row has a value for each column; with `n_best`, a list of {answer, score}, it has a line for each of them.
        """
        raise NotImplementedError(f"{type(self).__name__} offers inputs to predict, but no predictions")

    def stream(self, lines: RowLines) -> RowStream:
        """Read the header of raw rows that come one by one, and return what answers them.

        Raises ValueError when the data has no such rows, or the header is not theirs.
        """
        raise ValueError(
            f"--stream answers the rows of a table one by one, as SeriesData has them; {type(self).__name__} answers"
            " each input as a whole: leave out --stream"
        )


def prompts(batch: Batch) -> list[list[int]]:
    """Return the tokens of each row up to the first supervised position, which asks for the first answer."""
    asked = batch.mask.int().argmax(1) + 1
    return [row[:stop] for row, stop in zip(batch.inputs.tolist(), asked.tolist(), strict=True)]

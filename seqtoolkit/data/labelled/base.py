"""What all tasks of labelled sequences share: each is read to its end, where its class or its value is answered."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.labelled.class_quality import ClassQuality
from seqtoolkit.data.labelled.form import LabelledForm
from seqtoolkit.data.labelled.holdout import hold_out
from seqtoolkit.data.labelled.sequence_gaps import Missing
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.labelled.value_quality import ValueQuality
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.written_number import written_number

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

EVAL_STEPS = 65_536  # of a batch without gradients, padding included
SHOWN_STEPS, SHOWN_CHANNELS = 1_024, 16  # of each of the worst examples that are kept


class LabelledData(SequenceData):
    """Sequences with one class or one value each, supervised at the last step.

    A task says what there is (`given`) and, in its constructor, calls `specify`.
    """

    task: str  # its name in the spec
    shared_scale = False  # whether all channels are scaled alike
    form: LabelledForm

    def __init__(
        self, batch_size: int, val_share: float, noise: float, seed: int, inputs: str | None
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        if not 0 <= noise < float("inf"):
            raise ValueError(f"noise is a standard deviation, 0 or more, and is {noise}")
        self.batch_size = batch_size
        self.val_share = val_share
        self.noise = noise
        self.seed = seed
        self.inputs = inputs
        self._given = cache(self.given)  # files are read once
        self.sequences = cache(self._sequences)

    @abstractmethod
    def given(self, split: str) -> Sequences | None:
        """Read the sequences of a split ("train", "val", "test"), or return None when there are none."""

    @abstractmethod
    def typed(self, inputs: str) -> Sequences:
        """Read the sequences that a user wants answers for."""

    def specify(self, spec_of: str | None, missing: Missing = "error", **more: Any) -> None:
        """Fit the form on the training split, or take it from a checkpoint, and complete `spec`."""
        if spec_of is None:
            self.form = LabelledForm.fit(self.sequences("train"), missing, self.shared_scale)
        else:
            self.form = replace(LabelledForm.of(spec_of, self.task), lacking=())  # of other files
        self.spec = {"task": self.task, **self.form.to_spec(), **more}

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return accuracy and macro F1 of classes, or RMSE and MAE of values."""
        found, form = self.sequences(split), self.form

        def show(row: int) -> dict[str, Any]:
            return {"past": _shown(found, row, form.inputs.scale)}

        if form.outputs is None:
            return {"quality": ClassQuality(form.numbers(found), form.classes, form.class_counts, show)}
        center, scale = float(form.outputs.center[0]), float(form.outputs.scale[0])
        return {"quality": ValueQuality(form.values(found), center, scale, show)}

    def train_dataloader(self) -> Batches:
        """Return batches of `batch_size` sequences of similar lengths."""
        examples = self.form.examples(self.sequences("train"))
        redraw = partial(self._redrawn, examples) if self.augments else None
        return Batches(examples, None, self.seed, redraw, rows=self.batch_size)

    def val_dataloader(self) -> Batches:
        """Return the validation sequences."""
        return self._measured("val")

    def test_dataloader(self) -> Batches:
        """Return the test sequences."""
        return self._measured("test")

    def predict_dataloader(self) -> Iterable[Batch]:
        """Return the sequences of `inputs`.

        Raises ValueError that names what is wrong with them, or that there are none.
        """
        if self.inputs is None:
            raise ValueError("nothing to predict: add --data.inputs FILE, of the form of the training file")
        return _whole(self.form.examples(self.typed(self.inputs), labelled=False))

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Return the place of each sequence; its number from 1, and its class with the probability, or its value."""
        assert batch.index is not None
        scores = model(batch.inputs, mask=batch.mask)[0].double().cpu()
        if self.form.outputs is None:
            shares, numbers = scores.softmax(-1).max(-1)
            named = zip(numbers.tolist(), shares.tolist(), strict=True)
            answers = [{"class": self.form.classes[n], "probability": round(share, 6)} for n, share in named]
        else:
            values = self.form.outputs.undo(scores.numpy())[:, 0].tolist()
            scale = float(self.form.outputs.scale[0])
            answers = [{"value": written_number(value, scale)} for value in values]
        rows = batch.index.tolist()
        return [(row, {"sequence": row + 1, **one}) for row, one in zip(rows, answers, strict=True)]

    @property
    def augments(self) -> bool:
        """Whether training sequences are changed by chance, anew in every epoch."""
        return self.noise > 0

    def augment(self, inputs: Tensor, random: torch.Generator) -> Tensor:
        """Change the scaled training inputs (L, F) by chance; what marks missing values stays as it is."""
        channels = len(self.form.inputs.names)
        noisy = inputs.clone()
        noisy[:, :channels] += self.noise * torch.randn(len(inputs), channels, generator=random)
        return noisy

    def _redrawn(self, examples: Examples, epoch: int) -> Examples:
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        return replace(examples, inputs=self.augment(examples.inputs, random))

    def _measured(self, split: str) -> Batches:
        return _whole(self.form.examples(self.sequences(split)))

    def _sequences(self, split: str) -> Sequences:
        """Return those of a split; without a file for validation, a part of the training sequences is held out."""
        if split == "val" and self._given("val") is None:
            return self._held_out[1]
        if split == "train" and self._given("val") is None:
            return self._held_out[0]
        found = self._given(split)
        if found is None:
            raise ValueError(f"no {split} sequences: add --data.{split} FILE")
        return found

    @cached_property
    def _held_out(self) -> tuple[Sequences, Sequences]:
        found = self._given("train")
        if found is None:
            raise ValueError("no sequences to train on: add --data.train FILE")
        train, val = hold_out(found, self.val_share, self.seed)
        return found.take(train), found.take(val)


def _whole(examples: Examples) -> Batches:
    """Return batches of all of them, large ones."""
    return Batches(examples, max(EVAL_STEPS, int(examples.lengths.max())))


def _shown(found: Sequences, row: int, scale: NDArray[np.float64]) -> dict[str, list[float | None]]:
    """Return the values of a sequence by channel, those of the first channels and steps when there are very many.

    Of a large number, what changes is kept: the digits that the scale (F,) of its channel can tell.
    """
    values = found.series(row)[:SHOWN_STEPS, :SHOWN_CHANNELS].astype(np.float64)
    return {
        name: [
            None if np.isnan(value) else written_number(value, float(scale[number]))
            for value in values[:, number].tolist()
        ]
        for number, name in enumerate(found.channels[:SHOWN_CHANNELS])
    }

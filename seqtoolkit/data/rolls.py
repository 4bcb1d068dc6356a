"""Rolls, which notes sound in each frame, from files: the notes of the next frame are predicted from those so far."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from seqtoolkit.batch import Batch
from seqtoolkit.checkpoint import described
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.labelled.frame_quality import FrameQuality
from seqtoolkit.data.labelled.roll_answers import RollAnswers
from seqtoolkit.data.labelled.roll_examples import cut_rolls, roll_examples, whole_rolls
from seqtoolkit.data.labelled.roll_files import read_rolls
from seqtoolkit.data.labelled.sequences import Sequences, in_order
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.opened import sha256_of
from seqtoolkit.files import is_number

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel


class RollData(SequenceData):
    """Rolls of 0 and 1, such as notes of a piano: .npz files without pickles, or .mat files (scipy: seqtoolkit[mat]).

    An .npz has x, (N, T, K), lengths, (N,), and channels, K names; a .mat has x, a cell with one (T, K) for each roll.
    One file may hold all splits: x_train or traindata, x_val or validdata, x_test or testdata. The loss is the frame
    NLL (Boulanger-Lewandowski et al. 2012): each frame but the first is predicted from those before it.

    Args:
        train: file of training rolls
        val: file of validation rolls, which may be the same file
        test: file of test rolls, which may be the same file
        batch_size: training rolls in a batch, over all processes together
        max_frames: longer training rolls are cut into pieces of about so many frames
        seed: of the order of the training batches
        inputs: what `predict` reads: an .npz or .mat file of rolls, each of which is gone on with by one frame
        spec_of: a checkpoint whose notes are used, instead of those of the training rolls
    """

    files = ("train", "val", "test")

    def __init__(
        self,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        batch_size: int = 16,
        max_frames: int = 256,
        seed: int = 0,
        inputs: str | None = None,
        spec_of: str | None = None,
    ) -> None:
        super().__init__()
        if batch_size < 1 or max_frames < 2:
            raise ValueError(
                f"batch_size is {batch_size} and max_frames {max_frames}; expected at least 1 and at least 2"
            )
        self.paths = {"train": train, "val": val, "test": test}
        self.batch_size, self.max_frames, self.seed, self.inputs = batch_size, max_frames, seed, inputs
        self.rolls = cache(self._rolls)
        self.names, self.shares = self._fit() if spec_of is None else _known(spec_of)
        given = {name: path for name, path in self.paths.items() if path is not None}
        self.spec = {
            "task": "rolls",
            "num_features": len(self.names),
            "num_classes": len(self.names),
            "target": "labels",
            "inputs": {"channels": self.names},
            "outputs": {"names": self.names},
            "shares": self.shares,
            "files": {name: sha256_of(path, "a file of rolls") for name, path in given.items()},
        }

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return the frame NLL and the frame accuracy, and the rolls that were foretold worst."""
        rolls = self._ordered(self.rolls(split))
        return {"frames": FrameQuality(len(rolls), np.array(self.shares)), "worst": RollAnswers(rolls)}

    def train_dataloader(self) -> Batches:
        """Return batches of `batch_size` rolls of similar lengths, or pieces of them."""
        examples = roll_examples(cut_rolls(self._ordered(self.rolls("train")), self.max_frames))
        return Batches(examples, None, self.seed, rows=self.batch_size)

    def val_dataloader(self) -> Batches:
        """Return the validation rolls, whole."""
        return whole_rolls(roll_examples(self._ordered(self.rolls("val"))))

    def test_dataloader(self) -> Batches:
        """Return the test rolls, whole."""
        return whole_rolls(roll_examples(self._ordered(self.rolls("test"))))

    def predict_dataloader(self) -> Iterable[Batch]:
        """Return the rolls of `inputs`; the frame after the last one is asked for.

        Raises ValueError that names what is wrong with them, or that there are none.
        """
        if self.inputs is None:
            raise ValueError("nothing to predict: add --data.inputs FILE, an .npz or .mat file of rolls")
        found = self._ordered(read_rolls(self.inputs, least=1))
        last = torch.zeros(len(found.values), dtype=torch.bool)
        last[torch.from_numpy(found.lengths).cumsum(0) - 1] = True
        values = torch.from_numpy(found.values)
        return whole_rolls(Examples(torch.from_numpy(found.lengths), values, values, last))

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Return the place of each roll; its number from 1, the notes that are likelier than not, and how likely."""
        assert batch.index is not None
        shares = model(batch.inputs, mask=batch.mask)[0].double().sigmoid().cpu().tolist()
        found = []
        for row, some in zip(batch.index.tolist(), shares, strict=True):
            notes = [(name, share) for name, share in zip(self.names, some, strict=True) if share > 0.5]
            named = {"notes": " ".join(name for name, _ in notes)}
            named["probabilities"] = " ".join(f"{share:.4f}" for _, share in notes)
            found.append((row, {"roll": row + 1, **named}))
        return found

    def _rolls(self, split: str) -> Sequences:
        path = self.paths[split]
        if path is None:
            raise ValueError(f"no {split} rolls: add --data.{split} FILE, which may be the training file")
        return read_rolls(path, split)

    def _fit(self) -> tuple[list[str], list[float]]:
        """Return the notes, and how often each sounds in training, with two frames more of which one has it."""
        train = self.rolls("train")
        counts = train.values.sum(0, dtype=np.float64) + 1
        return list(train.channels), (counts / (len(train.values) + 2)).tolist()

    def _ordered(self, found: Sequences) -> Sequences:
        return in_order(found, tuple(self.names), "notes")


def _known(path: str) -> tuple[list[str], list[float]]:
    """Read the notes of a checkpoint and their frequencies, which may be anything.

    Raises ValueError that names the file.
    """
    spec = described(Path(path)).spec
    if spec.get("task") != "rolls":
        raise ValueError(f"{path} is of the task {spec.get('task')!r:.80}; expected rolls")
    outputs, shares = spec.get("outputs"), spec.get("shares")
    names = outputs.get("names") if isinstance(outputs, dict) else None
    names, shares = (some if isinstance(some, list) else [] for some in (names, shares))
    sizes = {len(names), len(shares), spec.get("num_features"), spec.get("num_classes")}
    if not names or sizes != {len(names)}:
        raise ValueError(f"{path}: its names and shares of notes do not fit its sizes")
    if not all(isinstance(name, str) for name in names) or not all(
        is_number(v) and 0 < v < 1 for v in shares
    ):
        raise ValueError(f"{path}: its names of notes must be texts, and their shares between 0 and 1")
    return names, shares

"""Labelled series from files: each is read to its end, and its class or its value is answered there."""

from __future__ import annotations

from typing import Literal

from seqtoolkit.data.labelled.apart import SplitBy, kept_apart, was_by_group
from seqtoolkit.data.labelled.base import LabelledData
from seqtoolkit.data.labelled.channel_scale import refuse_constant
from seqtoolkit.data.labelled.files import read_labelled, with_target
from seqtoolkit.data.labelled.sequence_gaps import Missing
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.opened import sha256_of


class LabelledSeriesData(LabelledData):
    """Series with a class or a value each: .ts files (aeon, sktime; also .gz, .xz), or .npz files without pickles.

    Series may differ in length, and have several channels, each scaled as the training series say. An .npz has x,
    (N, T, F) or (N, T); y, (N,) classes (whole numbers or texts) or values (floats); lengths, (N,), where they differ;
    channels, F names; groups, (N,), such as the subject or the machine of each: none of them is in two splits. One .npz
    may hold all splits: x_train, y_train, x_test, ...

    Args:
        train: file of training series
        val: file of validation series; without one, a share of the training series is held out
        test: file of test series
        val_share: of each class in the training file, or of its groups, chosen by a hash of them and the seed
        split: by series, or by group, which needs an .npz with groups; auto: by group where the files have them
        target: classes or values (a regression); auto is as the file has them
        missing: of missing values (? or NaN): error refuses them; forward carries the last one before them; mask does
            so, and adds a channel that says which were there
        constant: of a channel that never changes in training: error refuses it; keep reads it all the same
        noise: standard deviation of what is added to each scaled channel in training, anew in every epoch
        batch_size: training series in a batch, over all processes together
        seed: of the validation split and the order of the training batches
        inputs: what `predict` reads: a .ts or .npz file, labelled or not, or - for .ts on standard input
        spec_of: a checkpoint whose classes, channels and scaling are used, instead of those of the training series
    """

    task = "labelled-series"
    files = ("train", "val", "test")

    def __init__(
        self,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        val_share: float = 0.2,
        split: SplitBy = "auto",
        target: Literal["auto", "classes", "values"] = "auto",
        missing: Missing = "error",
        constant: Literal["error", "keep"] = "error",
        noise: float = 0.0,
        batch_size: int = 32,
        seed: int = 0,
        inputs: str | None = None,
        spec_of: str | None = None,
    ) -> None:
        super().__init__(batch_size, val_share, noise, seed, inputs)
        self.target, self.split = target, split
        self.paths = {"train": train, "val": val, "test": test}
        given = {name: path for name, path in self.paths.items() if path is not None}
        digests = {name: sha256_of(path, "a .ts or .npz file") for name, path in given.items()}
        if spec_of is not None and split == "auto" and not was_by_group(spec_of):
            self.split = "series"
        by_group = self.sequences("train").groups is not None if spec_of is None else was_by_group(spec_of)
        self.specify(spec_of, missing, files=digests, by_group=by_group)
        if spec_of is None and constant == "error":
            refuse_constant(self.sequences("train"))
        if spec_of is None and by_group:
            self._given("test")  # a group that is in it, too, is found before anything is trained

    def given(self, split: str) -> Sequences | None:
        """Read the file of a split."""
        path = self.paths[split]
        if path is None:
            return None
        found = with_target(read_labelled(path, split), self.target)
        return kept_apart(found, split, self.split, self._given)

    def typed(self, inputs: str) -> Sequences:
        """Read what a user wants answers for."""
        return read_labelled(inputs)

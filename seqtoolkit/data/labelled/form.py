"""The form of labelled sequences: channels, scaling, classes. A checkpoint keeps it, and data is brought into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from seqtoolkit.checkpoint import described
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.labelled.channel_scale import ChannelScale
from seqtoolkit.data.labelled.sequence_gaps import Missing, fill_gaps, gapped, refuse_gaps
from seqtoolkit.data.labelled.sequences import Sequences, in_order
from seqtoolkit.files import is_number, is_whole

TARGET = "target"  # what the one output of a regression is called


@dataclass(frozen=True, eq=False)
class LabelledForm:
    """The form in which a model reads sequences and answers them.

    Args:
        inputs: how each channel is scaled.
        classes: names of a classification; none for a regression.
        outputs: how the one value of a regression is scaled.
        missing: what becomes of missing values.
        masked: channels that missed values in training, and have a mark.
        class_counts: training sequences of each class.
        lacking: the share of the training steps in which each channel has no value; none of an older checkpoint.
    """

    inputs: ChannelScale
    classes: tuple[str, ...] = ()
    outputs: ChannelScale | None = None
    missing: Missing = "error"
    masked: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    lacking: tuple[float, ...] = ()

    @classmethod
    def fit(cls, train: Sequences, missing: Missing, shared: bool) -> Self:
        """Take everything from the training sequences.

        Raises ValueError that names the file: missing values that are not allowed, no labels, or one class only.
        """
        if missing == "error":
            refuse_gaps(train)
        inputs = ChannelScale.fit(train.path, train.channels, train.values, shared)
        masked = tuple(gapped(train)) if missing == "mask" else ()
        lacking = tuple(np.isnan(train.values).mean(0).tolist())  # before they are filled
        if train.labels is None:
            raise ValueError(f"{train.path} has no labels; expected one for each sequence to learn from")
        if not isinstance(train.labels, tuple):
            outputs = ChannelScale.fit(train.path, (TARGET,), train.labels[:, None])
            return cls(inputs, outputs=outputs, missing=missing, masked=masked, lacking=lacking)
        classes = _classes(train)
        counts = tuple(train.labels.count(name) for name in classes)
        return cls(inputs, classes, None, missing, masked, counts, lacking)

    @classmethod
    def of(cls, path: str, task: str) -> Self:
        """Read it from the checkpoint of a task, which may hold anything.

        Raises ValueError that names the file.
        """
        spec = described(Path(path)).spec
        if spec.get("task") != task:
            raise ValueError(f"{path} is of the task {spec.get('task')!r:.80}; expected {task}")
        try:
            return cls._of(spec)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def _of(cls, spec: dict[str, Any]) -> Self:
        inputs = ChannelScale.of(spec.get("inputs"))
        outputs = ChannelScale.of(spec.get("outputs"), "names") if spec.get("target") == "values" else None
        classes, counts, masked = (spec.get(name, []) for name in ("classes", "class_counts", "masked"))
        if not all(isinstance(one, list) for one in (classes, counts, masked)):
            raise ValueError("its classes, class_counts and masked must be lists")
        texts = all(isinstance(name, str) for name in [*classes, *masked])
        if not texts or not set(masked) <= set(inputs.names) or not all(is_whole(n, 0) for n in counts):
            raise ValueError("its classes must be names, masked be channels, and class_counts whole numbers")
        missing: Missing = spec.get("missing", "error")
        if missing not in get_args(Missing):
            raise ValueError(
                f"its missing is {missing!r:.80}; expected one of {', '.join(get_args(Missing))}"
            )
        lacking = spec["inputs"].get("missing", [])
        if not isinstance(lacking, list) or not all(map(is_number, lacking)):
            raise ValueError("its shares of missing values must be numbers")
        form = cls(inputs, tuple(classes), outputs, missing, tuple(masked), tuple(counts), tuple(lacking))
        sizes = {name: spec.get(name) for name in ("num_classes", "num_features")}
        if sizes != {name: form.to_spec()[name] for name in sizes} or len(counts) != len(classes):
            raise ValueError(f"its classes and channels do not fit its sizes, {sizes}")
        return form

    def to_spec(self) -> dict[str, Any]:
        """Return the plain values of a spec."""
        both: dict[str, Any] = {
            "num_features": len(self.inputs.names) + len(self.masked),
            "num_classes": len(self.classes) or 1,
            "target": "classes" if self.outputs is None else "values",
            "inputs": self.inputs.to_spec() | {"missing": list(self.lacking)},
            "missing": self.missing,
            "masked": list(self.masked),
        }
        if self.outputs is not None:
            return both | {"loss": "mse", "outputs": self.outputs.to_spec("names")}
        return both | {"classes": list(self.classes), "class_counts": list(self.class_counts)}

    def examples(self, found: Sequences, labelled: bool = True) -> Examples:
        """Make examples that are supervised at their last step.

        Args:
            found: the sequences, whose channels may stand in another order.
            labelled: whether they have labels to learn or to be measured by.

        Raises ValueError with file and place: other channels, missing values, a label that training has not met.
        """
        found = in_order(found, self.inputs.names)
        if self.missing == "error":
            refuse_gaps(found)
        values = fill_gaps(found, self.inputs.apply(found.values), self.masked)
        mask = np.zeros(len(values), dtype=bool)
        mask[found.lengths.cumsum() - 1] = True
        return Examples(
            lengths=torch.from_numpy(found.lengths),
            inputs=torch.from_numpy(values),
            targets=torch.from_numpy(self._targets(found, mask, labelled)),
            mask=torch.from_numpy(mask),
        )

    def _targets(self, found: Sequences, mask: NDArray[Any], labelled: bool) -> NDArray[Any]:
        """Return the targets of all steps: (L,) classes, or (L, 1) scaled values; they count where the mask is set."""
        if self.outputs is None:
            targets = np.zeros(len(mask), dtype=np.int32)
            if labelled:
                targets[mask] = self.numbers(found)
            return targets
        values = np.zeros((len(mask), 1), dtype=np.float32)
        if labelled:
            values[mask] = self.outputs.apply(self.values(found)[:, None])
        return values

    def values(self, found: Sequences) -> NDArray[Any]:
        """Return the value (N,) of each sequence, in the user's units. Raises ValueError when they have none."""
        if found.labels is None or isinstance(found.labels, tuple):
            raise ValueError(
                f"{found.path} has no values; expected a number for each sequence, as in training"
            )
        return found.labels

    def numbers(self, found: Sequences) -> NDArray[Any]:
        """Return the class (N,) of each sequence. Raises ValueError with the place of one that training has not met."""
        if not isinstance(found.labels, tuple):
            raise ValueError(
                f"{found.path} has no classes; expected a class for each sequence, as in training"
            )
        place = {name: number for number, name in enumerate(self.classes)}
        for row, label in enumerate(found.labels):
            if label not in place:
                raise ValueError(
                    f"{found.where(row)}: its label is {label!r:.40}, and no training sequence has it; expected one of"
                    f" {', '.join(self.classes[:20]):.200}; mend the label, or train on some of that class"
                )
        return np.array([place[label] for label in found.labels], dtype=np.int64)


def _classes(train: Sequences) -> tuple[str, ...]:
    """Return the classes that occur, in the order in which the file declares them, else sorted (numbers by value)."""
    assert isinstance(train.labels, tuple)
    present = set(train.labels)
    if len(present) < 2:
        raise ValueError(
            f"{train.path}: all {len(train):,} training sequences are of the class {train.labels[0]!r:.40}; expected"
            " two classes or more"
        )
    if train.classes:
        return tuple(name for name in train.classes if name in present)
    numeric = all(name.removeprefix("-").isdecimal() for name in present)
    return tuple(sorted(present, key=int if numeric else None))

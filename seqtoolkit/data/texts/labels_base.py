"""What all tasks of texts with labels share: three splits from files, what training knows, batches."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from seqtoolkit.codec import Codec
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.inputs import Prompts
from seqtoolkit.data.lines import BadLine, BadLines, OnBadLine
from seqtoolkit.data.shares import SPLITS, Shares, check_paths, check_shares, divide
from seqtoolkit.data.texts.label_codec import label_codec_of

EVAL_TOKENS = 16_384


class Text(Protocol):
    """What is read from a line or more of a file."""

    @property
    def text(self) -> str:
        """The text as it can be typed; copies of it stay in one split."""


T = TypeVar("T", bound=Text)


class LabelData(SequenceData, Generic[T]):
    """Texts of three splits, answered with labels that training has; their symbols are those of training, too.

    A task says how texts are read, learned from and answered, and calls `specify` in its constructor.

    Args:
        paths: of `file`, which is divided, or of `train`, `val` and `test`
        shares: of training, validation and test in `file`
        spec_of: a checkpoint whose symbols and labels are known
        max_length: of the longest text
        on_bad_line: error stops at a line that cannot be used; skip leaves such out, and counts them
        batch_tokens: padded tokens in a training batch, over all processes together
        seed: of the order of the training batches
        inputs: what `predict` reads
    """

    task: str  # its name in the spec
    item = "text"  # what a text is called,
    label = "label"  # and a label
    files = ("file", *SPLITS)
    codec: Codec

    def __init__(
        self,
        paths: dict[str, str | None],
        shares: Shares,
        spec_of: str | None,
        max_length: int,
        on_bad_line: OnBadLine,
        batch_tokens: int,
        seed: int,
        inputs: str | None,
    ) -> None:
        super().__init__()
        check_paths(paths, f"{self.item}s", known=spec_of is not None)
        check_shares(shares)
        self.at_least_one(max_length=max_length, batch_tokens=batch_tokens)
        self.paths, self.shares, self.max_length, self.batch_tokens = paths, shares, max_length, batch_tokens
        self.on_bad_line, self.seed, self.inputs = on_bad_line, seed, inputs
        self.known = (
            None if spec_of is None else label_codec_of(Path(spec_of), self.task, type(self).__name__)
        )

    @staticmethod
    def at_least_one(**numbers: int | None) -> None:
        """Raise ValueError for an option below 1."""
        for name, value in numbers.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")

    @abstractmethod
    def learn(self, train: Sequence[T], where: str) -> Codec:
        """Find the symbols and the labels in the training texts alone, which are in the file `where`."""

    @abstractmethod
    def labels_of(self, item: T) -> list[tuple[str, int]]:
        """Return the labels of a text, each with its line."""

    @abstractmethod
    def make_examples(self, items: Sequence[T]) -> Examples:
        """Make one example of each text."""

    def specify(self, read: Callable[[str], tuple[list[T], str]]) -> None:
        """Read the files by `read`, which returns the texts and the sha256 of each, and complete `spec`."""
        found = {name: read(path) for name, path in self.paths.items() if path is not None}
        items, file = {name: some for name, (some, _) in found.items()}, self.paths["file"]
        self._items = (
            items if file is None else divide(file, items["file"], self.shares, f"{self.item}s", _digest)
        )
        self.codec = self.known or self.learn(self.items("train"), self._where("train"))
        for split in self._items:
            self._items[split] = self._labelled(split)
        self.spec = {
            "task": self.task,
            "vocab_size": len(self.codec.symbols),
            "num_classes": len(self.codec.labels),
            "codec": self.codec.to_dict(),
            "classes": list(self.codec.labels),
            f"{self.item}s": {split: len(some) for split, some in self._items.items()},
            "files": {name: sha256 for name, (_, sha256) in found.items()},
        }

    def items(self, split: str) -> list[T]:
        """Return the texts of "train", "val" or "test"; raises ValueError when there are none."""
        if split not in self._items:
            raise ValueError(f"no {split} {self.item}s: add --data.{split} FILE to --data.train")
        return self._items[split]

    def train_dataloader(self) -> Batches:
        """Return the shuffled training texts."""
        return self._batches("train", self.batch_tokens, self.seed)

    def val_dataloader(self) -> Batches:
        """Return the validation texts."""
        return self._batches("val", EVAL_TOKENS)

    def test_dataloader(self) -> Batches:
        """Return the test texts."""
        return self._batches("test", EVAL_TOKENS)

    def predict_dataloader(self) -> Prompts:
        """Return the texts of a user; see `Prompts` for the errors raised."""
        if self.inputs is None:
            raise ValueError(
                f"nothing to predict: give --data.inputs FILE (a {self.item} on each line; - for standard input)"
            )
        self.prompts = Prompts(self.inputs, self.encode, self.codec.example, self.on_bad_line)
        return self.prompts

    def encode(self, text: str) -> list[int]:
        """Turn what a user typed into tokens; raises ValueError when that cannot be."""
        return self.codec.encode(text)

    def _where(self, split: str) -> str:
        return self.paths["file"] or self.paths[split] or ""

    def _batches(self, split: str, tokens: int, seed: int | None = None) -> Batches:
        examples = self.make_examples(self.items(split))
        return Batches(examples, max(tokens, int(examples.lengths.max())), seed)

    def _labelled(self, split: str) -> list[T]:
        """Keep the texts whose labels training has."""
        bad, kept = BadLines(self._where(split), self.on_bad_line), list[T]()
        some = ", ".join(map(repr, self.codec.labels[:10]))
        for item in self._items[split]:
            strange = [each for each in self.labels_of(item) if each[0] not in self.codec.classes]
            if not strange:
                kept.append(item)
            for label, line in strange[:1]:
                kind = f"a {self.label} that training does not have"
                bad.found(line, BadLine(kind, f", {label!r:.80}; it has {some}"))
        bad.report(len(self._items[split]))
        if not kept:
            raise ValueError(
                f"{self._where(split)}: no {split} {self.item} has {self.label}s that training has, and no others"
            )
        return kept


def _digest(item: Text) -> str:
    return hashlib.sha256(item.text.encode()).hexdigest()

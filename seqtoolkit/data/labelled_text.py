"""Texts from files, each with a class that is answered after its last symbol."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.inputs import Prompts
from seqtoolkit.data.labelled.class_quality import ClassQuality
from seqtoolkit.data.lines import BadLine, BadLines, OnBadLine
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.pairing.symbols import UNKNOWN, Side, Spelling
from seqtoolkit.data.shares import SPLITS, Shares, check_paths, check_shares, divide
from seqtoolkit.data.texts.label_codec import check_labels, label_codec_of
from seqtoolkit.data.texts.rows import Columns, Row, read_rows

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

TASK = "labelled-text"
EVAL_TOKENS = 16_384
SHOWN = 400  # characters of an example that is shown


class LabelledTextData(SequenceData):
    """Texts with a class each: `file`, which is divided by a hash of the text, or a file for each split.

    A file is .tsv (no quoting), .csv (double quotes) or .jsonl, with columns by name; or a folder that has a folder of
    text files for each class. Symbols that do not occur in training become one unknown symbol.

    Args:
        file: one file or folder, divided into three parts; copies of a text stay together
        train: a file or folder of training texts, instead of `file`; then `val` is needed, and for a test, `test`
        val: a file or folder of validation texts
        test: a file or folder of test texts
        shares: of training, validation and test in `file`
        text: the column of the text
        label: the column of the class
        suffix: of the files that are read in a folder
        unit: what a symbol is: word (between spaces) or character
        min_count: a symbol is known when it occurs this often in training; from 2 on, the rare ones train the unknown
        max_symbols: at most so many symbols are known, the most frequent ones
        max_length: symbols of the longest text
        on_bad_line: error stops at a line (or file) that cannot be used; skip leaves such out, and counts them
        batch_tokens: padded tokens in a training batch, over all processes together
        seed: of the order of the training batches
        inputs: what `predict` reads: a file of one text a line, or - for standard input
        spec_of: a checkpoint whose symbols and classes are known, instead of those of the training texts
    """

    files = ("file", *SPLITS)

    def __init__(
        self,
        file: str | None = None,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        shares: Shares = (0.8, 0.1, 0.1),
        text: str = "text",
        label: str = "label",
        suffix: str = ".txt",
        unit: Literal["word", "character"] = "word",
        min_count: int = 2,
        max_symbols: int | None = None,
        max_length: int = 2000,
        on_bad_line: OnBadLine = "error",
        batch_tokens: int = 4096,
        seed: int = 0,
        inputs: str | None = None,
        spec_of: str | None = None,
    ) -> None:
        super().__init__()
        paths = {"file": file, "train": train, "val": val, "test": test}
        check_paths(paths, "texts", known=spec_of is not None)
        check_shares(shares)
        counts = {"min_count": min_count, "max_symbols": max_symbols, "max_length": max_length}
        for name, value in {**counts, "batch_tokens": batch_tokens}.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        known = None if spec_of is None else label_codec_of(Path(spec_of), TASK, "LabelledTextData")
        self.side = Side(words=unit == "word" if known is None else known.words)
        self.max_length, self.batch_tokens, self.seed = max_length, batch_tokens, seed
        self.inputs, self.on_bad_line = inputs, on_bad_line
        read = {
            name: read_rows(path, Columns(text, label), self._check, on_bad_line, suffix)
            for name, path in paths.items()
            if path is not None
        }
        self._paths = {split: file or paths[split] or "" for split in SPLITS}
        rows = {name: found for name, (found, _) in read.items()}
        self._rows = rows if file is None else divide(file, rows["file"], shares, "texts", _digest)
        self.codec = known or self._learn(min_count, max_symbols)
        for split in self._rows:
            self._rows[split] = self._classified(split)
        self.spec = {
            "task": TASK,
            "vocab_size": len(self.codec.symbols),
            "num_classes": len(self.codec.labels),
            "codec": self.codec.to_dict(),
            "classes": list(self.codec.labels),
            "texts": {split: len(found) for split, found in self._rows.items()},
            "files": {name: sha256 for name, (_, sha256) in read.items()},
        }

    def rows(self, split: str) -> list[Row]:
        """Return the texts of "train", "val" or "test"; raises ValueError when there are none."""
        if split not in self._rows:
            raise ValueError(f"no {split} texts: add --data.{split} FILE to --data.train")
        return self._rows[split]

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return accuracy, macro F1 and loss beside those of the majority class, and the worst examples."""
        rows, counts = self.rows(split), Counter(row.label for row in self.rows("train"))
        truth = np.array([self.codec.classes[row.label] for row in rows])
        classes = self.codec.labels

        def show(index: int) -> dict[str, Any]:
            return {"text": rows[index].text[:SHOWN]}

        return {"classes": ClassQuality(truth, classes, [counts[name] for name in classes], show)}

    def train_dataloader(self) -> Batches:
        """Return the shuffled training texts."""
        examples = self._examples(self.rows("train"))
        return Batches(examples, max(self.batch_tokens, int(examples.lengths.max())), self.seed)

    def val_dataloader(self) -> Batches:
        """Return the validation texts."""
        return self._measured("val")

    def test_dataloader(self) -> Batches:
        """Return the test texts."""
        return self._measured("test")

    def predict_dataloader(self) -> Prompts:
        """Return the texts of a user; see `Prompts` for the errors raised."""
        if self.inputs is None:
            raise ValueError(
                "nothing to predict: give --data.inputs FILE (a text on each line; - for standard input)"
            )
        self._prompts = Prompts(self.inputs, self._encode, self.codec.example, self.on_bad_line)
        return self._prompts

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Return the class of each text and its probability, or with `n_best` so many of the likeliest classes."""
        assert batch.index is not None
        chances = model(batch.inputs, mask=batch.mask)[0].float().softmax(-1)  # (B, C)
        best = chances.topk(min(self.n_best, chances.shape[1]), -1)
        rows = []
        for number, some, classes in zip(
            batch.index.tolist(), best.values.tolist(), best.indices.tolist(), strict=True
        ):
            asked, names = self._prompts.asked.pop(number), self.codec.names(classes)
            answers = [{"answer": name, "score": chance} for name, chance in zip(names, some, strict=True)]
            one = {"text": asked, "label": names[0], "probability": round(some[0], 6)}
            rows.append((number, one if self.n_best == 1 else {"source": asked, "n_best": answers}))
        return rows

    def _learn(self, min_count: int, max_symbols: int | None) -> Codec:
        """Find the symbols and the classes in the training texts alone."""
        train, where = self.rows("train"), self._paths["train"]
        labels = check_labels((row.label for row in train), where)
        known = self.side.vocabulary((row.text for row in train), min_count, max_symbols)
        if not known:
            raise ValueError(
                f"{where}: no symbol occurs {min_count:,} times in training; lower --data.min_count"
            )
        example = " ".join(train[0].text.split())[:80]
        return Codec(
            (*known, UNKNOWN),
            known,
            example,
            unknown=UNKNOWN,
            words=self.side.words,
            labels=labels,
            last=True,
        )

    def _check(self, row: Row) -> None:
        if (size := len(self.side.split(row.text))) > self.max_length:
            raise BadLine(
                f"a text of more than {self.max_length:,} symbols",
                f", {size:,} of them; the limit is --data.max_length",
            )

    def _classified(self, split: str) -> list[Row]:
        """Keep the rows whose class training has."""
        bad, kept = BadLines(self._paths[split], self.on_bad_line), list[Row]()
        for row in self._rows[split]:
            if row.label in self.codec.classes:
                kept.append(row)
            else:
                some = ", ".join(map(repr, self.codec.labels[:10]))
                error = BadLine("a label that training does not have", f", {row.label!r:.80}; it has {some}")
                bad.found(row.line, error)
        bad.report(len(self._rows[split]))
        if not kept:
            raise ValueError(f"{self._paths[split]}: no {split} text has a label that training has")
        return kept

    def _encode(self, text: str) -> list[int]:
        self._check(Row(text, "", 0))
        return self.codec.encode(text)

    def _measured(self, split: str) -> Batches:
        examples = self._examples(self.rows(split))
        return Batches(examples, max(EVAL_TOKENS, int(examples.lengths.max())))

    def _examples(self, rows: Sequence[Row]) -> Examples:
        """Make one example of each text, supervised at its last symbol."""
        codec = self.codec
        spelling = Spelling({name: codec.index[name] for name in codec.alphabet}, codec.index[codec.unknown])
        texts = [spelling.spell(codec.split(row.text)) for row in rows]
        lengths = torch.tensor([len(text) for text in texts])
        inputs = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<i4")
        targets = torch.zeros(len(inputs), dtype=torch.int16)
        last = lengths.cumsum(0) - 1
        targets[last] = torch.tensor([codec.classes[row.label] for row in rows], dtype=torch.int16)
        mask = torch.zeros(len(inputs), dtype=torch.bool)
        mask[last] = True
        return Examples(lengths, torch.from_numpy(inputs.copy()), targets, mask)


def _digest(row: Row) -> str:
    return hashlib.sha256(row.text.encode()).hexdigest()

"""Texts from files, each with a class that is answered after its last symbol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.inputs import Prompts
from seqtoolkit.data.labelled.class_quality import ClassQuality
from seqtoolkit.data.lines import BadLine, OnBadLine
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.pairing.symbols import UNKNOWN, Side, Spelling
from seqtoolkit.data.shares import Shares
from seqtoolkit.data.texts.label_codec import check_labels
from seqtoolkit.data.texts.labels_base import LabelData
from seqtoolkit.data.texts.rows import Columns, Row, read_rows, refuse_table

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

SHOWN = 400  # characters of an example that is shown


class LabelledTextData(LabelData[Row]):
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

    task = "labelled-text"

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
        paths = {"file": file, "train": train, "val": val, "test": test}
        super().__init__(paths, shares, spec_of, max_length, on_bad_line, batch_tokens, seed, inputs)
        self.at_least_one(min_count=min_count, max_symbols=max_symbols)
        self.min_count, self.max_symbols = min_count, max_symbols
        self.side = Side(words=unit == "word" if self.known is None else self.known.words)
        columns = Columns(text, label)
        self.specify(
            partial(read_rows, columns=columns, check=self._check, on_bad_line=on_bad_line, suffix=suffix)
        )

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return accuracy, macro F1 and loss beside those of the majority class, and the worst examples."""
        rows, counts = self.items(split), Counter(row.label for row in self.items("train"))
        truth = np.array([self.codec.classes[row.label] for row in rows])
        classes = self.codec.labels

        def show(index: int) -> dict[str, Any]:
            return {"text": rows[index].text[:SHOWN]}

        return {"classes": ClassQuality(truth, classes, [counts[name] for name in classes], show)}

    def predict_dataloader(self) -> Prompts:
        """Return the texts of a user; raises ValueError for a table, and see `Prompts`."""
        refuse_table(self.inputs or "")
        return super().predict_dataloader()

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Return the class of each text and its probability, or with `n_best` so many of the likeliest classes."""
        assert batch.index is not None
        chances = model(batch.inputs, mask=batch.mask)[0].float().softmax(-1)  # (B, C)
        best = chances.topk(min(self.n_best, chances.shape[1]), -1)
        rows = []
        for number, some, classes in zip(
            batch.index.tolist(), best.values.tolist(), best.indices.tolist(), strict=True
        ):
            asked, names = self.prompts.asked.pop(number), self.codec.names(classes)
            answers = [{"answer": name, "score": chance} for name, chance in zip(names, some, strict=True)]
            one = {"text": asked, "label": names[0], "probability": round(some[0], 6)}
            rows.append((number, one if self.n_best == 1 else {"source": asked, "n_best": answers}))
        return rows

    def learn(self, train: Sequence[Row], where: str) -> Codec:
        """Find the symbols and the classes in the training texts alone."""
        labels = check_labels((row.label for row in train), where)
        known = self.side.vocabulary((row.text for row in train), self.min_count, self.max_symbols)
        if not known:
            raise ValueError(
                f"{where}: no symbol occurs {self.min_count:,} times in training; lower --data.min_count"
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

    def labels_of(self, item: Row) -> list[tuple[str, int]]:
        """Return the class of a text."""
        return [(item.label, item.line)]

    def encode(self, text: str) -> list[int]:
        """Turn what a user typed into tokens; raises ValueError for a text that is too long."""
        self._check(Row(text, "", 0))
        return self.codec.encode(text)

    def make_examples(self, items: Sequence[Row]) -> Examples:
        """Make one example of each text, supervised at its last symbol."""
        codec = self.codec
        spelling = Spelling({name: codec.index[name] for name in codec.alphabet}, codec.index[codec.unknown])
        texts = [spelling.spell(codec.split(row.text)) for row in items]
        lengths = torch.tensor([len(text) for text in texts])
        inputs = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<i4")
        targets = torch.zeros(len(inputs), dtype=torch.int16)
        last = lengths.cumsum(0) - 1
        targets[last] = torch.tensor([codec.classes[row.label] for row in items], dtype=torch.int16)
        mask = torch.zeros(len(inputs), dtype=torch.bool)
        mask[last] = True
        return Examples(lengths, torch.from_numpy(inputs.copy()), targets, mask)

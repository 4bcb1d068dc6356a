"""Sentences from files, with a tag for each word that is answered when the word was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.lines import BadLine, OnBadLine
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.pairing.symbols import UNKNOWN
from seqtoolkit.data.shares import Shares
from seqtoolkit.data.texts.conll import Places, Sentence, read_conll
from seqtoolkit.data.texts.label_codec import check_labels
from seqtoolkit.data.texts.labels_base import LabelData
from seqtoolkit.data.texts.span_quality import SpanQuality, span_counts
from seqtoolkit.data.texts.spans import mark_spans
from seqtoolkit.data.texts.tag_quality import TagQuality

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel


class TaggedData(LabelData[Sentence]):
    """Words with a tag each: `file`, which is divided by a hash of the sentence, or a file for each split.

    A file is CoNLL (columns between spaces, an empty line after each sentence) or CoNLL-U (.conllu). A word that is
    not known is read as its characters, so that its spelling can tell its tag. The model reads from left to right: a
    tag is answered before the next word is read.

    Args:
        file: one file, divided into three parts; copies of a sentence stay together
        train: a file of training sentences, instead of `file`; then `val` is needed, and for a test, `test`
        val: a file of validation sentences
        test: a file of test sentences
        shares: of training, validation and test in `file`
        word: the column of the word, counted from 1; when null the first, in CoNLL-U the second (FORM)
        tag: the column of the tag, counted from 1 (-1 is the last); when null the last, in CoNLL-U the fourth (UPOS)
        min_count: a word is known when it occurs this often in training; the others are spelled
        max_length: words of the longest sentence
        on_bad_line: error stops at a line that cannot be used; skip leaves its sentence out, and counts
        batch_tokens: padded tokens in a training batch, over all processes together
        seed: of the order of the training batches
        inputs: what `predict` reads: a file of one sentence a line, words between spaces, or - for standard input
        spec_of: a checkpoint whose words and tags are known, instead of those of the training sentences
    """

    task = "tagged"
    item = "sentence"
    label = "tag"

    def __init__(
        self,
        file: str | None = None,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        shares: Shares = (0.8, 0.1, 0.1),
        word: int | None = None,
        tag: int | None = None,
        min_count: int = 2,
        max_length: int = 2000,
        on_bad_line: OnBadLine = "error",
        batch_tokens: int = 4096,
        seed: int = 0,
        inputs: str | None = None,
        spec_of: str | None = None,
    ) -> None:
        paths = {"file": file, "train": train, "val": val, "test": test}
        super().__init__(paths, shares, spec_of, max_length, on_bad_line, batch_tokens, seed, inputs)
        self.at_least_one(min_count=min_count)
        for name, place in (("word", word), ("tag", tag)):
            if place is not None and (place == 0 or place < -1):
                raise ValueError(f"{name} is column {place}; expected 1 or more, or -1 for the last")
        self.min_count = min_count
        self.specify(lambda path: read_conll(path, Places.of(path, word, tag), self._check, on_bad_line))

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return the share of right tags and, of tags that mark spans (B-PER), the F1 of spans, beside baselines."""
        usual, lexicon = self._lexicon()
        asked = self.items(split)
        answers = [[lexicon.get(name, usual) for name in each.words] for each in asked]
        truths = [each.tags for each in asked]
        both = list(zip(truths, answers, strict=True))
        majority = np.array([sum(tag == usual for tag in tags) for tags in truths])
        right = np.array([sum(map(str.__eq__, *pair)) for pair in both])
        found: dict[str, SequenceMetric] = {"tags": TagQuality(self.codec.labels, asked, majority, right)}
        if mark_spans(self.codec.labels):
            counts = np.array([span_counts(*pair) for pair in both])
            found["spans"] = SpanQuality(self.codec.labels, counts)
        return found

    def _lexicon(self) -> tuple[str, dict[str, str]]:
        """Return the most frequent tag of training, and that of each word."""
        counts: Counter[str] = Counter()
        of_word: dict[str, Counter[str]] = {}
        for sentence in self.items("train"):
            counts.update(sentence.tags)
            for name, tag in zip(sentence.words, sentence.tags, strict=True):
                of_word.setdefault(name, Counter())[tag] += 1
        lexicon = {name: tags.most_common(1)[0][0] for name, tags in of_word.items()}
        return counts.most_common(1)[0][0], lexicon

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Return each sentence and the tags of its words, between spaces."""
        assert batch.index is not None
        mask = torch.zeros_like(batch.mask)
        for row, (tokens, length) in enumerate(
            zip(batch.inputs.tolist(), batch.lengths.tolist(), strict=True)
        ):
            mask[row, self.codec.asked(tokens[:length])] = True
        answers = self.codec.names(model(batch.inputs, mask=mask)[0].argmax(-1).tolist())
        rows, start = [], 0
        for number, words in zip(batch.index.tolist(), mask.sum(1).tolist(), strict=True):
            tags = " ".join(answers[start : start + words])
            rows.append((number, {"sentence": self.prompts.asked.pop(number), "tags": tags}))
            start += words
        return rows

    def learn(self, train: Sequence[Sentence], where: str) -> Codec:
        """Find the words, the characters and the tags in the training sentences alone."""
        labels = check_labels((tag for each in train for tag in each.tags), where, "tag")
        counts = Counter(name for each in train for name in each.words)
        words = tuple(
            sorted(name for name, count in counts.items() if count >= self.min_count and name != UNKNOWN)
        )
        mark = "·"
        while any(name.startswith(mark) for name in counts):
            mark += "·"
        letters = tuple(mark + letter for letter in sorted({*"".join(counts)}))
        codec = Codec(
            (*words, *letters, UNKNOWN), words, train[0].text, unknown=UNKNOWN, words=True, labels=labels
        )
        return replace(codec, spelled=mark)

    def _check(self, sentence: Sentence) -> None:
        if (size := len(sentence.words)) > self.max_length:
            raise BadLine(
                f"a sentence of more than {self.max_length:,} words",
                f", {size:,} of them; end it with an empty line, or raise --data.max_length",
            )

    def labels_of(self, item: Sentence) -> list[tuple[str, int]]:
        """Return the tags of a sentence."""
        return list(zip(item.tags, item.lines, strict=True))

    def make_examples(self, items: Sequence[Sentence]) -> Examples:
        """Make one example of each sentence, supervised at the last token of each word."""
        codec = self.codec
        read = {name: codec.tokens(name) for each in items for name in each.words}
        tokens = [[token for name in each.words for token in read[name]] for each in items]
        lengths = torch.tensor(list(map(len, tokens)))
        last = np.cumsum([len(read[name]) for each in items for name in each.words]) - 1
        targets = torch.zeros(int(lengths.sum()), dtype=torch.int16)
        mask = torch.zeros(len(targets), dtype=torch.bool)
        targets[last] = torch.tensor(
            [codec.classes[tag] for each in items for tag in each.tags], dtype=torch.int16
        )
        mask[last] = True
        inputs = torch.tensor([token for some in tokens for token in some], dtype=torch.int32)
        return Examples(lengths, inputs, targets, mask)

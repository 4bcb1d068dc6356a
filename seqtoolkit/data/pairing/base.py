"""What all tasks of pairs share: a source is read, a target is answered. A preset says which pairs there are."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seqtoolkit.batch import Batch
from seqtoolkit.beam import answer
from seqtoolkit.codec import Codec
from seqtoolkit.data.base import SequenceData, prompts
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.inputs import Prompts
from seqtoolkit.data.lines import OnBadLine
from seqtoolkit.data.metric import SequenceMetric, TokenAccuracy
from seqtoolkit.data.pairing.alignment_measure import AlignmentMeasure
from seqtoolkit.data.pairing.answers import Answers
from seqtoolkit.data.pairing.pair import Alignment, Pair
from seqtoolkit.data.pairing.symbols import Side, Spelling
from seqtoolkit.decoding import Hypothesis

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

EVAL_TOKENS = 8_192  # decoding likes large batches, and keeps no gradients
BATCH_TOKENS = 2_048


@dataclass(frozen=True)
class References:
    """The distinct sources of a split, each with all its targets; `Batch.index` of val and test counts them."""

    sources: list[str]
    answers: list[list[str]]  # as they are written
    classes: list[list[str]]  # one character for each class; a symbol that cannot be answered is no class
    lengths: list[int]  # symbols of each source


class PairData(SequenceData):
    """Pairs of texts, each one sequence of source, separator, target and end mark; the loss is on the last two.

    All targets of a training source are training examples. Validation and test have one example for each distinct
    source: the loss is on its first target, error rates count the nearest one.

    Args:
        batch_tokens: padded tokens in a training batch, over all processes together (2048 by default)
        batch_size: pairs in a training batch, instead of `batch_tokens`
        seed: of all that is drawn
        inputs: what `predict` reads: a file of one source a line, or - for standard input
        on_bad_line: of what `predict` reads: error stops at a line that cannot be used; skip leaves it out, and counts
    """

    codec: Codec
    max_steps: int  # symbols of the longest answer that is waited for
    columns = ("source", "target")  # of predictions
    option = "inputs"  # that names what `predict` reads
    measured_by: type[Answers] = Answers

    def __init__(
        self,
        batch_tokens: int | None = None,
        batch_size: int | None = None,
        seed: int = 0,
        inputs: str | None = None,
        on_bad_line: OnBadLine = "error",
    ) -> None:
        super().__init__()
        if batch_tokens is not None and batch_size is not None:
            raise ValueError(
                f"batch_tokens {batch_tokens} and batch_size {batch_size} both limit a batch; give one of them"
            )
        for name, value in (("batch_tokens", batch_tokens), ("batch_size", batch_size)):
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.batch_tokens = BATCH_TOKENS if batch_tokens is None else batch_tokens
        self.batch_size = batch_size
        self.seed = seed
        self.inputs = inputs
        self.on_bad_line = on_bad_line  # of what `predict` reads
        self._references: dict[str, References] = {}

    @abstractmethod
    def pairs(self, split: str) -> list[Pair]:
        """Return the pairs of "train", "val" or "test"; never none.

        Raises ValueError when there are none, and says where they come from.
        """

    def specify(self, task: str, codec: Codec, max_steps: int, **more: Any) -> None:
        """Set the codec, and the spec that follows from it."""
        self.codec = codec
        self.max_steps = max_steps
        self.spec = {
            "task": task,
            "vocab_size": len(codec.symbols),
            "num_classes": len(codec.symbols) - codec.offset,
            "codec": codec.to_dict(),
            "max_steps": max_steps,
            **more,
        }

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return `token_accuracy`, and what the answers are measured by; `beams` are those of the test."""
        asked, beams = self.references(split), self.beams if split == "test" else 1
        answers = self.measured_by(
            asked.classes, asked.answers, self.codec, self.max_steps, beams, self.length_penalty
        )
        metrics: dict[str, SequenceMetric] = {"tokens": TokenAccuracy(), "answers": answers}
        if split == "test":
            read = Counter(token for source in asked.sources for token in self.codec.encode(source)[:-1])
            metrics["alignment"] = AlignmentMeasure(len(asked.sources), read, self.gold(split))
        return metrics

    def references(self, split: str) -> References:
        """Return what the answers to a split are compared with."""
        if split not in self._references:
            targets: dict[str, list[str]] = {}
            for pair in self.pairs(split):
                targets.setdefault(pair.source, []).append(pair.target)
            spelling, side = (
                Spelling(self._answerable, len(self.codec.classes)),
                Side(self.codec.answer_words),
            )
            self._references[split] = References(
                sources=list(targets),
                answers=list(targets.values()),
                classes=[[spelling.spell(side.split(text)) for text in each] for each in targets.values()],
                lengths=[len(self.codec.split(source)) for source in targets],
            )
        return self._references[split]

    def gold(self, split: str) -> dict[int, Alignment] | None:
        """Return by `Batch.index` which (source, target) positions belong together, or null where none is known."""
        pairs = self.pairs(split)
        if split != "train":
            firsts: dict[str, Pair] = {}
            for pair in pairs:
                firsts.setdefault(pair.source, pair)
            pairs = list(firsts.values())
        return {number: pair.alignment for number, pair in enumerate(pairs) if pair.alignment} or None

    def train_dataloader(self) -> Batches:
        """Return the shuffled training examples."""
        pairs = self.pairs("train")
        examples = self._examples([pair.source for pair in pairs], [pair.target for pair in pairs])
        tokens = self.batch_tokens if self.batch_size is None else None
        return Batches(examples, tokens, self.seed, rows=self.batch_size)

    def val_dataloader(self) -> Batches:
        """Return an example for each distinct validation source."""
        return self._measured("val")

    def test_dataloader(self) -> Batches:
        """Return an example for each distinct test source."""
        return self._measured("test")

    def predict_dataloader(self) -> Prompts:
        """Return the prompts of a user; see `Prompts` for the errors raised."""
        if self.inputs is None:
            raise ValueError(
                f"nothing to predict: give --data.{self.option} FILE (one on each line; - for standard input)"
            )
        self._prompts = Prompts(self.inputs, self.encode, self.codec.example, self.on_bad_line)
        return self._prompts

    def encode(self, text: str) -> list[int]:
        """Turn what a user typed into a prompt; raises ValueError when that cannot be."""
        return self.codec.encode(text)

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Decode each prompt, with `beams`."""
        room = (self.codec.end_class, self.max_steps, self.codec.offset)
        decoded = answer(model, prompts(batch), *room, max(self.beams, self.n_best), self.length_penalty)
        assert batch.index is not None
        return list(zip(batch.index.tolist(), self.prediction_rows(batch, decoded, self.n_best), strict=True))

    def prediction_rows(
        self, batch: Batch, decoded: list[list[Hypothesis]], n_best: int = 1
    ) -> list[dict[str, Any]]:
        """Return for each prompt what was asked and the best answer, or all answers with their scores."""
        assert batch.index is not None
        rows = []
        for number, found in zip(batch.index.tolist(), decoded, strict=True):
            asked = self._prompts.asked.pop(number)
            answers = [{"answer": self.codec.text(one.tokens), "score": one.score} for one in found[:n_best]]
            best = dict(zip(self.columns, (asked, answers[0]["answer"]), strict=True))
            rows.append(best if n_best == 1 else {"source": asked, "n_best": answers})
        return rows

    @cached_property
    def _answerable(self) -> dict[str, int]:
        """The classes that a target can name."""
        marks = (self.codec.separator, self.codec.end, self.codec.unknown)
        return {symbol: number for symbol, number in self.codec.classes.items() if symbol not in marks}

    def _measured(self, split: str) -> Batches:
        asked = self.references(split)
        examples = self._examples(asked.sources, [answers[0] for answers in asked.answers])
        return Batches(examples, max(EVAL_TOKENS, int(examples.lengths.max())))

    def _examples(self, sources: list[str], targets: list[str]) -> Examples:
        codec, side = self.codec, Side(self.codec.answer_words)
        known = {symbol: codec.index[symbol] for symbol in codec.alphabet}
        asked = Spelling(known, codec.index.get(codec.unknown))
        answered = Spelling(self._answerable, codec.classes.get(codec.unknown))
        prompts = [asked.spell(codec.split(text)) + chr(codec.offset) for text in sources]
        answers = [answered.spell(side.split(text)) + chr(codec.end_class) for text in targets]
        return Examples.of_answers(prompts, answers, codec.offset)

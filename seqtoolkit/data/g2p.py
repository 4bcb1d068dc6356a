"""Words to phonemes: CMUDict as one causal sequence of letters, a separator, phonemes and an end mark."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.cmudict import PHONEMES, pronunciations
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.metric import SequenceMetric, TokenAccuracy
from seqtoolkit.data.phoneme_errors import PhonemeErrors
from seqtoolkit.data.splits import Split, split_words
from seqtoolkit.data.stems import stem
from seqtoolkit.data.words import read_words

LETTERS = "abcdefghijklmnopqrstuvwxyz'-."
CODEC = Codec(
    (*LETTERS, "→", *PHONEMES, "■"),
    alphabet=tuple(LETTERS),
    example="remember",
    separator="→",
    end="■",
    answer_words=True,
)
MAX_PHONEMES = 32  # the longest pronunciation has 28
EVAL_TOKENS = 8_192  # decoding likes large batches, and keeps no gradients

# A sequence is a text here, one character for a token id or a class: quick to join, and to compare.
_LETTER = str.maketrans({letter: chr(CODEC.index[letter]) for letter in LETTERS})
_PHONEME = {phoneme: chr(CODEC.classes[phoneme]) for phoneme in PHONEMES}
_SEPARATOR, _END = chr(CODEC.offset), chr(CODEC.end_class)


class G2PData(SequenceData):
    """Words to phonemes (CMUDict): 126,052 words, stress removed, the loss on the phonemes and the end mark.

    All pronunciations of a training word are training examples. Validation (2,000 words) and test (12,000)
    have one example for each word: the loss is on its first pronunciation, error rates count the nearest one.

    Args:
        batch_tokens: padded tokens in a training batch, over all processes together
        split: hash divides words by a hash; stem keeps words of the same stem together, which is harder
        first_only: train on the first pronunciation of each word only
        seed: of the order of the training batches
        words: what `predict` reads: a file of one word a line, or - for standard input
    """

    def __init__(
        self,
        batch_tokens: int = 2048,
        split: Literal["hash", "stem"] = "hash",
        first_only: bool = False,
        seed: int = 0,
        words: str | None = None,
    ) -> None:
        super().__init__()
        self.batch_tokens = batch_tokens
        self.split = split
        self.first_only = first_only
        self.seed = seed
        self.words = words
        self.spec = {
            "task": "g2p",
            "vocab_size": len(CODEC.symbols),
            "num_classes": len(CODEC.symbols) - CODEC.offset,
            "codec": CODEC.to_dict(),
            "max_steps": MAX_PHONEMES,
            "split": split,
        }

    @cached_property
    def vocabulary(self) -> Split:
        """The words of each split."""
        return split_words(pronunciations(), stem if self.split == "stem" else str)

    @cached_property
    def asked(self) -> list[str]:
        """The words to predict, as they were typed."""
        if self.words is None:
            raise ValueError(
                "no words to predict: give --data.words FILE (one word a line, - for standard input)"
            )
        return read_words(self.words, CODEC)

    def metrics(self, split: str) -> dict[str, SequenceMetric]:
        """Return `token_accuracy`, and the error rates `per` and `wer` against the nearest pronunciation."""
        words = {"val": self.vocabulary.val, "test": self.vocabulary.test}[split]
        references = [[_phonemes(text) for text in pronunciations()[word]] for word in words]
        return {"tokens": TokenAccuracy(), "errors": PhonemeErrors(references, CODEC, MAX_PHONEMES)}

    def train_dataloader(self) -> Batches:
        """Return the shuffled training examples."""
        return Batches(_examples(self.vocabulary.train, self.first_only), self.batch_tokens, self.seed)

    def val_dataloader(self) -> Batches:
        """Return the 2,000 validation words."""
        return Batches(_examples(self.vocabulary.val, first_only=True), EVAL_TOKENS)

    def test_dataloader(self) -> Batches:
        """Return the 12,000 test words."""
        return Batches(_examples(self.vocabulary.test, first_only=True), EVAL_TOKENS)

    def predict_dataloader(self) -> Batches:
        """Return the words of the file `words` as prompts; see `read_words` for the errors raised."""
        prompts = [_prompt(word.lower()) for word in self.asked]
        unknown = [_END] * len(prompts)
        return Batches(
            Examples.of_answers(prompts, unknown, CODEC.offset), max(EVAL_TOKENS, *map(len, prompts))
        )

    def prediction_rows(self, batch: Batch, decoded: list[list[int]]) -> list[dict[str, str]]:
        """Return `word`, as it was typed, and `phonemes`, such as "K AE T"."""
        assert batch.index is not None
        return [
            {"word": self.asked[example], "phonemes": CODEC.text(answer)}
            for example, answer in zip(batch.index.tolist(), decoded, strict=True)
        ]


def _prompt(word: str) -> str:
    return word.translate(_LETTER) + _SEPARATOR


def _phonemes(pronunciation: str) -> str:
    return "".join(map(_PHONEME.__getitem__, pronunciation.split()))


def _examples(words: list[str], first_only: bool) -> Examples:
    """Return an example for each pronunciation of each word, or for its first one."""
    prompts, answers = [], []
    for word in words:
        for text in pronunciations()[word][: 1 if first_only else None]:
            prompts.append(_prompt(word))
            answers.append(_phonemes(text) + _END)
    return Examples.of_answers(prompts, answers, CODEC.offset)

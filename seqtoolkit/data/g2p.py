"""Words to phonemes: CMUDict as one causal sequence of letters, a separator, phonemes and an end mark."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from seqtoolkit.codec import Codec
from seqtoolkit.data.lines import OnBadLine
from seqtoolkit.data.pairing.base import PairData
from seqtoolkit.data.pairing.cmudict import PHONEMES, pronunciations
from seqtoolkit.data.pairing.pair import Pair
from seqtoolkit.data.pairing.phoneme_errors import PhonemeErrors
from seqtoolkit.data.pairing.splits import Split, split_words
from seqtoolkit.data.pairing.stems import stem

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


class G2PData(PairData):
    """Words to phonemes (CMUDict): 126,052 words, stress removed, the loss on the phonemes and the end mark.

    All pronunciations of a training word are training examples. Validation (2,000 words) and test (12,000)
    have one example for each word: the loss is on its first pronunciation, error rates count the nearest one.

    Args:
        batch_tokens: padded tokens in a training batch, over all processes together
        split: hash divides words by a hash; stem keeps words of the same stem together, which is harder
        first_only: train on the first pronunciation of each word only
        seed: of the order of the training batches
        words: what `predict` reads: a file of one word a line, or - for standard input
        on_bad_line: of what `predict` reads: error stops at a line that cannot be used; skip leaves it out, and counts
    """

    columns = ("word", "phonemes")
    option = "words"
    measured_by = PhonemeErrors

    def __init__(
        self,
        batch_tokens: int = 2048,
        split: Literal["hash", "stem"] = "hash",
        first_only: bool = False,
        seed: int = 0,
        words: str | None = None,
        on_bad_line: OnBadLine = "error",
    ) -> None:
        super().__init__(batch_tokens, seed=seed, inputs=words, on_bad_line=on_bad_line)
        self.split = split
        self.first_only = first_only
        self.specify("g2p", CODEC, MAX_PHONEMES, split=split)

    @cached_property
    def vocabulary(self) -> Split:
        """The words of each split."""
        return split_words(pronunciations(), stem if self.split == "stem" else str)

    def pairs(self, split: str) -> list[Pair]:
        """Return the words of a split with their pronunciations, or for training with `first_only`, the first."""
        most = 1 if self.first_only and split == "train" else None
        known = pronunciations()
        return [Pair(word, text) for word in getattr(self.vocabulary, split) for text in known[word][:most]]

    def encode(self, text: str) -> list[int]:
        """Read a word in lower case; no word has spaces, so those around it mean nothing."""
        return CODEC.encode(text.strip().lower())

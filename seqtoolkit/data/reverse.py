"""Write a sequence of numbers backwards: whoever squeezes it into one vector forgets, whoever looks back need not."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqtoolkit.codec import Codec
from seqtoolkit.data.pairing.base import PairData
from seqtoolkit.data.pairing.pair import Alignment, Pair

NUMBERS = tuple(map(str, range(50)))
CODEC = Codec(
    (*NUMBERS, "→", *NUMBERS, "■"),
    alphabet=NUMBERS,
    example="3 17 42 8 25",
    separator="→",
    end="■",
    words=True,
    answer_words=True,
)
SIZES = {"train": 50_000, "val": 1_000, "test": 1_000}


class ReverseData(PairData):
    """Reversed sequences of the numbers 0 to 49: 50,000 for training, 1,000 for validation and for the test.

    The task of JoeyNMT's tutorial (Kreutzer, Bastings & Riezler 2019), generated from a seed. Lengths are uniform,
    from 1. Sequences of validation and test are distinct; one of two or three numbers may also be a training one.

    Args:
        max_length: of training and validation sequences
        test_length: of test sequences
        shared: the options of PairData
    """

    def __init__(
        self,
        max_length: int = 25,
        test_length: int = 30,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        if min(max_length, test_length) < 3:
            raise ValueError(
                f"sequences of at most {max_length} (test: {test_length}) numbers are too few to be distinct;"
                " use at least 3"
            )
        self._longest = {"train": max_length, "val": max_length, "test": test_length}
        self._pairs: dict[str, list[Pair]] = {}
        longest = max(max_length, test_length)
        self.specify(
            "reverse", CODEC, longest + longest // 4 + 4, max_length=max_length, test_length=test_length
        )

    def pairs(self, split: str) -> list[Pair]:
        """Return the sequences of a split, and what they are backwards."""
        if split not in self._pairs:
            random = np.random.default_rng([self.seed, list(SIZES).index(split)])
            found = dict[str, Pair]() if split != "train" else None
            size = SIZES[split]
            pairs = _draw(random, size, self._longest[split])
            if found is not None:  # draw on until there are enough distinct ones
                while len(found) < size:
                    found.update({pair.source: pair for pair in pairs if pair.source not in found})
                    pairs = _draw(random, size, self._longest[split])
                pairs = list(found.values())[:size]
            self._pairs[split] = pairs
        return self._pairs[split]

    def gold(self, split: str) -> dict[int, Alignment]:
        """Return the alignments: each answer comes from the mirrored position."""
        return {number: _mirrored(len(pair.source.split())) for number, pair in enumerate(self.pairs(split))}


def _draw(random: np.random.Generator, size: int, longest: int) -> list[Pair]:
    lengths = random.integers(1, longest + 1, size)
    numbers = random.integers(0, len(NUMBERS), int(lengths.sum()))
    parts = np.split(np.array(NUMBERS)[numbers], lengths.cumsum()[:-1])
    return [Pair(" ".join(part), " ".join(part[::-1])) for part in parts]


def _mirrored(length: int) -> Alignment:
    return tuple((length - 1 - step, step) for step in range(length))

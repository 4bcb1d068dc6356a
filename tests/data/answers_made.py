"""A codec of texts, tables of answers, and values of measures, for the tests of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqtoolkit.codec import Codec
from seqtoolkit.data.pairing.scoring import counts

NAMES = ("a", "bc", "d", "ef", "�")  # U+FFFD stands for what was never seen
CODEC = Codec(
    ("x", "y", "�", "→", *NAMES, "■"),
    alphabet=("x", "y"),
    example="xy",
    separator="→",
    end="■",
    unknown="�",
    answer_words=True,
)
STRANGE = chr(len(CODEC.classes))  # a symbol of a reference that cannot be answered
MAX_STEPS = 9


def written(text: str) -> str:
    return " ".join("Zzz" if symbol == STRANGE else NAMES[ord(symbol) - 1] for symbol in text)


def table_of(found: Sequence[tuple[str, list[str]]]) -> np.ndarray[Any, Any]:
    references = [texts for _, texts in found]
    texts = [list(map(written, each)) for each in references]
    return counts([answer for answer, _ in found], references, texts, CODEC)


def value(measure: Any, table: np.ndarray[Any, Any]) -> float:
    return float(measure(table.sum(0, keepdims=True).astype(float))[0])

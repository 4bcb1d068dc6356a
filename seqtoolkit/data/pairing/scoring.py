"""What answers are measured by: counts of each answer that add up, and the measures that follow from their sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sacrebleu
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from seqtoolkit.codec import Codec
from seqtoolkit.data.pairing.edit_distance import edit_distances

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# The classes of an answer are the words of its BLEU, whatever they are called. The effective order changes nothing
# where there is an n-gram of four symbols, and lets a bin of words of two or three have a BLEU at all.
_BLEU = BLEU(tokenize="none", effective_order=True, force=True)
_CHRF = CHRF()  # chrF2: character 6-grams of the text, without its spaces
SCORER = f"sacrebleu {sacrebleu.__version__}"


@dataclass(frozen=True)
class Measure:
    """A number for any set of answers, from the sums of their counts."""

    name: str
    unit: str
    perfect: float  # when every answer is right
    worst: float
    columns: slice  # of the table of counts
    score: Callable[[Floats], Floats]  # sums (R, K) to values (R,)

    def __call__(self, sums: Floats) -> Floats:
        """Return the values (R,) of R rows of summed counts (R, all columns)."""
        return self.score(sums[:, self.columns])


def _share(sums: Floats) -> Floats:
    return sums[:, 0] / np.maximum(sums[:, 1], 1)


def _scores(scorer: Any) -> Callable[[Floats], Floats]:
    def score(sums: Floats) -> Floats:
        rows = sums.astype(np.int64).tolist()
        scores = [scorer._compute_score_from_stats(row).score for row in rows]
        return np.minimum(scores, 100.0)  # of right answers BLEU is a rounding error more

    return score


ACCURACY = Measure("sequence_accuracy", "accuracy", 1.0, 0.0, slice(0, 2), _share)
ERROR_RATE = Measure("error_rate", "edits a symbol", 0.0, 1.0, slice(2, 4), _share)
CHRF2 = Measure("chrf", "chrF2", 100.0, 0.0, slice(4, 22), _scores(_CHRF))
BLEU4 = Measure("bleu", "BLEU", 100.0, 0.0, slice(22, 32), _scores(_BLEU))
MEASURES = (ACCURACY, ERROR_RATE, CHRF2, BLEU4)


def counts(
    answers: Sequence[str],
    references: Sequence[Sequence[str]],
    texts: Sequence[Sequence[str]],
    codec: Codec,
) -> Ints:
    """Return the counts of N answers (N, 32), each against one or more references.

    Edits are those to the nearest reference, the first of equally near ones; BLEU and chrF treat several references
    as sacrebleu does.

    Args:
        answers: one character for each class.
        references: the same; what cannot be answered is a character that is no class.
        texts: the references as they are written.
        codec: writes an answer as a text.
    """
    if not answers:
        return np.zeros((0, 32), np.int64)
    edits, lengths = _nearest(answers, references)
    written = [codec.text(list(map(ord, answer))) for answer in answers]
    numbered = [list(map(_numbered, each)) for each in references]
    columns = [
        edits == 0,
        np.ones_like(edits),
        edits,
        lengths,
        _statistics(_CHRF, written, texts),
        _statistics(_BLEU, list(map(_numbered, answers)), numbered),
    ]
    return np.column_stack(columns).astype(np.int64)


def _nearest(answers: Sequence[str], references: Sequence[Sequence[str]]) -> tuple[Ints, Ints]:
    """Return the edits (N,) to the nearest reference of each answer, and the symbols (N,) of that reference."""
    owner = np.repeat(np.arange(len(answers)), list(map(len, references)))
    flat = [text for texts in references for text in texts]
    edits = edit_distances([answers[row] for row in owner.tolist()], flat)
    lengths = np.array(list(map(len, flat)))
    nearest_first = np.lexsort((np.arange(len(flat)), edits, owner))
    nearest = nearest_first[np.unique(owner, return_index=True)[1]]  # `owner` is sorted
    return edits[nearest], lengths[nearest]


def _statistics(scorer: Any, answers: Sequence[str], references: Sequence[Sequence[str]]) -> Ints:
    """Return what sacrebleu counts in each answer (N, K)."""
    most = max(map(len, references))
    streams = [[texts[i] if i < len(texts) else None for texts in references] for i in range(most)]
    return np.array(scorer._extract_corpus_statistics(answers, streams), dtype=np.int64)


def _numbered(text: str) -> str:
    return " ".join(str(ord(symbol)) for symbol in text)

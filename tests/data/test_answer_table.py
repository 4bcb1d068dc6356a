"""Errors, accuracy, BLEU and chrF of tables of answers are those of loops, torchmetrics and sacrebleu."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from torchmetrics.functional.text import edit_distance

from seqtoolkit.data.pairing.edit_distance import edit_distances
from seqtoolkit.data.pairing.length_curves import length_records
from seqtoolkit.data.pairing.scoring import ACCURACY, BLEU4, CHRF2, ERROR_RATE, MEASURES
from tests.data.answers_made import CODEC, MAX_STEPS, NAMES, STRANGE, table_of, value, written

CLASS = st.integers(1, len(NAMES)).map(chr)
ANSWER = st.text(CLASS, max_size=MAX_STEPS)
REFERENCE = st.text(st.integers(1, 4).map(chr) | st.just(STRANGE), min_size=1, max_size=8)
EXAMPLES = st.lists(st.tuples(ANSWER, st.lists(REFERENCE, min_size=1, max_size=3)), min_size=1, max_size=12)

TEXT = st.text("ABC", max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=30))
def test_edit_distances_are_those_of_torchmetrics(pairs: list[tuple[str, str]]) -> None:
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    expected = [int(edit_distance([one], [other])) for one, other in pairs]
    assert edit_distances(ones, others).tolist() == expected
    assert edit_distances(others, ones).tolist() == expected


def test_edit_distances_of_many_pairs_of_all_lengths() -> None:
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("AB"), size)) for size in random.integers(0, 40, 2500)]
    found = edit_distances(texts, texts[::-1])
    assert found.tolist() == edit_distance(texts, texts[::-1], reduction="none").tolist()
    assert np.array_equal(found, found[::-1])
    assert edit_distances(["\ud800b"], ["b"]).tolist() == [1]  # any number is a class


@given(EXAMPLES)
def test_accuracy_and_errors_equal_loops_over_references(found: list[tuple[str, list[str]]]) -> None:
    edits, symbols = 0, 0
    for answer, references in found:
        distances = [int(edit_distance([answer], [reference])) for reference in references]
        edits += min(distances)
        symbols += len(references[distances.index(min(distances))])
    table = table_of(found)
    right = sum(answer in references for answer, references in found)
    assert value(ACCURACY, table) == pytest.approx(right / len(found))
    assert value(ERROR_RATE, table) == pytest.approx(edits / symbols)


@settings(deadline=None)
@given(EXAMPLES)
def test_bleu_and_chrf_are_those_of_sacrebleu(found: list[tuple[str, list[str]]]) -> None:
    """BLEU with symbols as its words, chrF of the text; through the public interface of sacrebleu."""
    symbols = [[" ".join(str(ord(c)) for c in text) for text in [one, *texts]] for one, texts in found]
    texts = [[written(text) for text in [one, *references]] for one, references in found]
    for measure, scorer, rows in (
        (BLEU4, BLEU(tokenize="none", effective_order=True), symbols),
        (CHRF2, CHRF(), texts),
    ):
        streams = [[row[i] if i < len(row) else None for row in rows] for i in range(1, 4)]
        streams = [stream for stream in streams if any(text is not None for text in stream)]
        expected = scorer.corpus_score([row[0] for row in rows], streams).score
        assert value(measure, table_of(found)) == pytest.approx(expected)


def test_what_was_never_seen_is_never_right() -> None:
    """Neither for an answer that says "unknown", nor for chrF, which knows the true text."""
    unknown = chr(CODEC.classes["�"])
    table = table_of([(unknown * 4, [STRANGE * 4])])
    assert [value(measure, table) for measure in MEASURES] == [0, 1, 0, 0]


def test_short_right_answers_have_a_bleu() -> None:
    table = table_of([("\1", ["\1"]), ("\2\3", ["\2\3"])])
    assert [value(measure, table) for measure in MEASURES] == [1, 0, 100, 100]


def test_the_table_of_nothing_is_empty() -> None:
    assert table_of([]).shape == (0, 32)
    assert length_records(np.zeros(0, np.int64), table_of([]), {}) == []

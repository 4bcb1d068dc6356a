"""Answers: equal to naive computations and to sacrebleu, for any batches and processes, by length with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from torchmetrics.functional.text import edit_distance

from seqtoolkit.codec import Codec
from seqtoolkit.data.base import prompts
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.pairing import answers as answers_module
from seqtoolkit.data.pairing.answers import Answers
from seqtoolkit.data.pairing.edit_distance import edit_distances
from seqtoolkit.data.pairing.length_curves import interval, length_records
from seqtoolkit.data.pairing.phoneme_errors import PhonemeErrors
from seqtoolkit.data.pairing.scoring import ACCURACY, BLEU4, CHRF2, ERROR_RATE, MEASURES, counts
from seqtoolkit.decoding import Hypothesis
from seqtoolkit.retention.bootstrap import resampled_sums
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.retention.statistics import wilson

MODEL: Any = None  # the decoder is faked
NONE = torch.empty(0)
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

CLASS = st.integers(1, len(NAMES)).map(chr)
ANSWER = st.text(CLASS, max_size=MAX_STEPS)
REFERENCE = st.text(st.integers(1, 4).map(chr) | st.just(STRANGE), min_size=1, max_size=8)
EXAMPLES = st.lists(st.tuples(ANSWER, st.lists(REFERENCE, min_size=1, max_size=3)), min_size=1, max_size=12)


def written(text: str) -> str:
    return " ".join("Zzz" if symbol == STRANGE else NAMES[ord(symbol) - 1] for symbol in text)


def table_of(found: Sequence[tuple[str, list[str]]]) -> np.ndarray[Any, Any]:
    references = [texts for _, texts in found]
    texts = [list(map(written, each)) for each in references]
    return counts([answer for answer, _ in found], references, texts, CODEC)


def value(measure: Any, table: np.ndarray[Any, Any]) -> float:
    return float(measure(table.sum(0, keepdims=True).astype(float))[0])


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


class Said:
    """Decodes as it was told, and remembers how it was asked."""

    def __init__(self, answers: dict[tuple[int, ...], str]) -> None:
        self.answers = answers
        self.asked: list[tuple[Any, ...]] = []

    def answer(self, model: Any, asked: list[list[int]], *how: Any) -> list[list[Hypothesis]]:
        self.asked.append(how)
        best = [list(map(ord, self.answers[tuple(prompt)])) for prompt in asked]
        return [[Hypothesis(one, -1.0, -1.0, True), Hypothesis([1], -2.0, -2.0, True)] for one in best]


def task(sizes: list[int], wrong: list[int]) -> tuple[Examples, Said, list[list[str]]]:
    """Return sources x, xx, ... of these sizes with a tag of y, answered by "a bc", wrongly where `wrong` says so."""
    asked, answers = [], {}
    for number, size in enumerate(sizes):
        tag = [number >> bit & 1 for bit in range(8)]
        prompt = [0] * size + tag + [CODEC.offset]
        answers[tuple(prompt)] = "\1\3" if number in wrong else "\1\2"
        asked.append("".join(map(chr, prompt)))
    end = chr(CODEC.end_class)
    return (
        Examples.of_answers(asked, ["\1\2" + end] * len(sizes), CODEC.offset),
        Said(answers),
        [["\1\2"]] * len(sizes),
    )


def answers_metric(references: list[list[str]], **options: Any) -> Answers:
    texts = [list(map(written, each)) for each in references]
    return Answers(references, texts, CODEC, MAX_STEPS, **options)


SIZES = [1, 2, 3] * 40


def test_any_batches_and_processes_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """BLEU and chrF too, which are no means over examples."""
    examples, said, references = task(SIZES, wrong=[4, 5, 60])
    monkeypatch.setattr(answers_module, "answer", said.answer)
    whole, *parts = [answers_metric(references) for _ in range(4)]
    for batch in Batches(examples, 400):
        whole.update(MODEL, batch, NONE)
    for number, batch in enumerate(Batches(examples, 90)):
        parts[number % 3].update(MODEL, batch, NONE)
    for name in ("answers", "lengths", "times"):
        summed = torch.stack([getattr(part, name) for part in parts]).sum(0)
        assert torch.equal(getattr(whole, name), summed)
        setattr(parts[0], name, summed)
    assert int(whole.times.min()) == int(whole.times.max()) == 1
    one, other = whole.compute(), parts[0].compute()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert whole.records(one) == parts[0].records(other)
    assert one["sequence_accuracy"] == pytest.approx(1 - 3 / len(SIZES))
    assert one["error_rate"] == pytest.approx(3 / (2 * len(SIZES)))


def test_an_example_that_comes_twice_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, said, references = task(SIZES, wrong=[4])
    monkeypatch.setattr(answers_module, "answer", said.answer)
    metric = answers_metric(references)
    for batch in [*Batches(examples, 200), examples.collate(torch.tensor([4, 4, 7]))]:
        metric.update(MODEL, batch, NONE)
    assert metric.compute()["sequence_accuracy"] == pytest.approx(1 - 1 / len(SIZES))
    assert metric.compute()["table"].shape == (len(SIZES), 33)


def test_a_part_of_the_split_is_measured_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """One example, too: its table is no scalar that would be logged."""
    examples, said, references = task(SIZES, wrong=[4])
    monkeypatch.setattr(answers_module, "answer", said.answer)
    metric = answers_metric(references)
    metric.update(MODEL, examples.collate(torch.tensor([4])), NONE)
    values = metric.compute()
    assert values["sequence_accuracy"] == 0
    assert values["error_rate"] == 0.5
    assert {name for name, each in values.items() if each.ndim == 0} == {measure.name for measure in MEASURES}
    assert [record.n for record in metric.records(values)] == [[1]] * 4
    metric.reset()
    metric.update(MODEL, examples.collate(torch.tensor([5])), NONE)
    assert metric.compute()["sequence_accuracy"] == 1


def test_the_decoder_is_asked_as_the_task_says(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, said, references = task([2, 1], wrong=[])
    monkeypatch.setattr(answers_module, "answer", said.answer)
    batch = examples.collate(torch.tensor([0, 1]))
    assert [len(prompt) for prompt in prompts(batch)] == [11, 10]
    for options, how in (
        ({}, (CODEC.end_class, MAX_STEPS, CODEC.offset, 1, 1.0)),
        ({"beams": 4, "length_penalty": 0.5}, (CODEC.end_class, MAX_STEPS, CODEC.offset, 4, 0.5)),
    ):
        metric = answers_metric(references, **options)
        metric.update(MODEL, batch, NONE)
        assert said.asked[-1] == how
        values = metric.compute()
        assert values["sequence_accuracy"] == 1
        assert metric.records(values)[0].settings["beams"] == options.get("beams", 1)


def test_pronunciations_have_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, said, references = task(SIZES, wrong=[4])
    monkeypatch.setattr(answers_module, "answer", said.answer)
    metric = PhonemeErrors(
        references, [[written(text) for text in each] for each in references], CODEC, MAX_STEPS
    )
    for batch in Batches(examples, 200):
        metric.update(MODEL, batch, NONE)
    values = metric.compute()
    assert values["per"] == values["error_rate"] == pytest.approx(1 / (2 * len(SIZES)))
    assert values["wer"] == pytest.approx(1 / len(SIZES), abs=1e-6)


def test_the_curve_by_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bin equals its measure on its own examples; all lengths together stand in the settings."""
    wrong = [number for number in range(len(SIZES)) if number % 12 == 2]  # of length 3
    examples, said, references = task(SIZES, wrong)
    monkeypatch.setattr(answers_module, "answer", said.answer)
    metric = answers_metric(references)
    for batch in Batches(examples, 200):
        metric.update(MODEL, batch, NONE)
    values = metric.compute()
    records = {record.measure: record for record in metric.records(values)}
    assert list(records) == [measure.name for measure in MEASURES]
    for measure in MEASURES:
        record = records[measure.name]
        assert (record.low, record.high, record.n) == ([9, 10, 11], [9, 10, 11], [40, 40, 40])
        table = values["table"].numpy()
        expected = [value(measure, table[table[:, 0] == length][:, 1:]) for length in (9, 10, 11)]
        assert record.estimate == pytest.approx(expected)
        assert record.estimate[0] == measure.perfect
        assert record.settings["overall"]["estimate"] == pytest.approx(float(values[measure.name]))
        assert record.settings["overall"]["n"] == len(SIZES)
        assert all(a <= b <= c for a, b, c in zip(record.lower, record.estimate, record.upper, strict=True))
        assert all(a < c for a, c in zip(record.lower, record.upper, strict=True))
        assert LengthRecord.from_dict(record.to_dict()) == record
    accuracy = records["sequence_accuracy"]
    assert (accuracy.lower[2], accuracy.upper[2]) == wilson(30, 40)
    assert records["bleu"].settings["scorer"].startswith("sacrebleu ")


@pytest.mark.parametrize("measure", MEASURES[1:])
def test_intervals_cover_what_many_answers_give(measure: Any) -> None:
    """100 samples of 60 answers; the truth is the value of 20,000. A percentile interval reaches about 93 %."""
    random = np.random.default_rng(0)
    kinds = table_of(
        [
            ("\1\2\3\4\1", ["\1\2\3\4\1"]),
            ("\1\2\3", ["\1\2\4"]),
            ("\1\2\3\4\1\2", ["\1\2\3\4\4\4\2"]),
            ("", ["\1\2"]),
            ("\3\4\3\4", ["\3\4\3\4"]),
        ]
    )
    share = [0.35, 0.2, 0.2, 0.05, 0.2]
    truth = value(measure, kinds[random.choice(5, 20_000, p=share)])
    covered = 0
    for _ in range(100):
        table = kinds[random.choice(5, 60, p=share)]
        _, low, high = interval(measure, table, resampled_sums(table, 200))
        covered += low <= truth <= high
    assert 0.88 <= covered / 100 <= 0.99


@pytest.mark.parametrize("measure", MEASURES)
def test_nothing_right_is_not_certainty(measure: Any) -> None:
    table = table_of([("\1\2\3", ["\4\4\4"])] * 40)
    estimate, low, high = interval(measure, table, resampled_sums(table))
    assert estimate == measure.worst
    assert low < high
    assert estimate in (low, high)


@pytest.mark.parametrize("measure", MEASURES)
def test_all_right_is_not_certainty(measure: Any) -> None:
    """50 right answers of 50: resampling knows nothing of wrong ones, so the interval is Wilson's."""
    table = table_of([("\1\2\3\4", ["\1\2\3\4"])] * 50)
    estimate, low, high = interval(measure, table, resampled_sums(table))
    assert estimate == measure.perfect
    assert high - low == pytest.approx(abs(measure.worst - measure.perfect) * (1 - wilson(50, 50)[0]))

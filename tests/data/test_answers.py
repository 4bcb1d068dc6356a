"""Answers are counted once, whatever the batches and processes, and asked for as the task says."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from seqtoolkit.data.base import prompts
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.pairing import answers as answers_module
from seqtoolkit.data.pairing.answers import Answers
from seqtoolkit.data.pairing.phoneme_errors import PhonemeErrors
from seqtoolkit.data.pairing.scoring import MEASURES
from seqtoolkit.decoding import Hypothesis
from seqtoolkit.retention.length_record import LengthRecord
from seqtoolkit.retention.statistics import wilson
from tests.data.answers_made import CODEC, MAX_STEPS, value, written

MODEL: Any = None  # the decoder is faked
NONE = torch.empty(0)


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

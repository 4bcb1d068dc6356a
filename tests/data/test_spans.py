"""Spans of tagged words: as conlleval reads them, and their F1 beside a baseline."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.data.tagged import TaggedData
from seqtoolkit.data.texts.spans import mark_spans, spans
from seqtoolkit.evaluation import Evaluation, score
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.quality import Quality

TAGS = ["O", *(f"{letter}-{kind}" for letter in "BIES" for kind in ("PER", "LOC"))]
NAMES = ["Ada", "Byron", "Grace", "Hopper", "Paris", "Rome"]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("O O", set()),
        ("B-PER I-PER O B-LOC", {(0, 1, "PER"), (3, 3, "LOC")}),
        ("I-PER I-PER B-PER O", {(0, 1, "PER"), (2, 2, "PER")}),  # IOB1
        ("B-PER E-PER S-PER S-LOC", {(0, 1, "PER"), (2, 2, "PER"), (3, 3, "LOC")}),
        ("B-PER I-LOC", {(0, 0, "PER"), (1, 1, "LOC")}),
    ],
)
def test_spans_of_every_scheme(tags: str, found: set[tuple[int, int, str]]) -> None:
    assert spans(tags.split()) == found


@given(st.lists(st.sampled_from(TAGS), max_size=12))
def test_spans_are_those_of_conlleval(tags: list[str]) -> None:
    assert spans(tags) == conlleval(tags)


def conlleval(tags: list[str]) -> set[tuple[int, int, str]]:
    """The two tables of conlleval.pl (endOfChunk, startOfChunk), with S as a span of its own."""
    pairs = [("O", "")] + [(tag[0], tag[2:]) for tag in tags] + [("O", "")]
    found, first = set(), 0
    for place, ((before, kind), (now, other)) in enumerate(pairwise(pairs)):
        ends = before + now in ("BB", "BS", "BO", "IB", "IS", "IO", "EE", "EI", "EO", "EB", "ES")
        if before != "O" and (ends or before == "S" or kind != other):
            found.add((first, place - 1, kind))
        starts = before + now in ("BB", "IB", "OB", "EB", "OI", "EI", "EE", "OE")
        if now != "O" and (starts or now == "S" or before == "S" or kind != other):
            first = place
    return found


def test_which_tags_mark_spans() -> None:
    assert mark_spans(["O", "B-PER", "I-PER"])
    assert mark_spans(["S-LOC"])
    for tags in (["O"], [], ["NN", "VB"], ["O", "B-"], ["B-PER", "NN"], ["-x", "O"]):
        assert not mark_spans(tags)


def test_the_f1_of_a_model_stands_beside_that_of_the_words(tmp_path: Path) -> None:
    lines = []
    for number in range(120):
        one, other = NAMES[number % 6], NAMES[(number // 6) % 6]
        kind = "LOC" if one in ("Paris", "Rome") else "PER"
        lines += ["see _ O", f"{one} _ B-{kind}", f"{other} _ I-{kind}", f"{number} _ O", ""]
    path = tmp_path / "names.conll"
    path.write_text("\n".join(lines))
    data = TaggedData(file=str(path))
    torch.manual_seed(0)
    model = SequenceModel("gru", data.spec["num_classes"], data.spec["vocab_size"], d_model=8)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for batch in [*data.train_dataloader()] * 15:  # so that it has learned some
        optimizer.zero_grad()
        score(model, batch, Loss()).losses.mean().backward()
        optimizer.step()
    model.eval()
    evaluation = Evaluation(data.metrics("val"), Loss())
    for batch in data.val_dataloader():
        evaluation.update(model, batch)
    values = evaluation.conclude()
    true = answered = right = 0
    for sentence in data.items("val"):
        tokens = data.codec.encode(sentence.text)
        with torch.no_grad():
            scores = model(torch.tensor([tokens]))[0][0, data.codec.asked(tokens)]
        mine, theirs = spans(data.codec.names(scores.argmax(-1).tolist())), spans(sentence.tags)
        true, answered, right = true + len(theirs), answered + len(mine), right + len(mine & theirs)
    assert right > 0
    assert float(values["span_precision"]) == pytest.approx(right / max(answered, 1))
    assert float(values["span_recall"]) == pytest.approx(right / true)
    assert float(values["span_f1"]) == pytest.approx(2 * right / (true + answered))
    quality = next(one for one in evaluation.records if isinstance(one, Quality) and one.measure == "span_f1")
    assert quality.estimate == pytest.approx(float(values["span_f1"]))
    assert quality.settings["spans"] == true
    assert quality.baseline_estimate is not None
    assert quality.skill == pytest.approx(
        (quality.estimate - quality.baseline_estimate) / (1 - quality.baseline_estimate)
    )

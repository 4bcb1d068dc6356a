"""Bits are those of the whole text read at once, beside those of frequencies; the worst windows are kept."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqtoolkit.batch import Batch
from seqtoolkit.data.text import TextData
from seqtoolkit.data.texts.language_quality import LanguageQuality
from seqtoolkit.data.texts.symbols import TextSymbols
from seqtoolkit.evaluation import Evaluation
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.quality import Example, Quality
from tests.data.texts_made import STORY, small, write


def evaluate(data: TextData, model: SequenceModel, split: str) -> tuple[dict[str, Any], Evaluation]:
    evaluation = Evaluation(data.metrics(split), Loss())
    for batch in data.val_dataloader() if split == "val" else data.test_dataloader():
        evaluation.update(model, batch)
    return evaluation.conclude(), evaluation


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_bits_are_those_of_the_whole_text_read_at_once(tmp_path: Path, unit: str) -> None:
    """The state is carried, so windows change nothing; the unigram is that of training, each count one larger."""
    data = small(write(tmp_path, STORY), unit=unit, window=16)
    torch.manual_seed(0)
    size = data.spec["vocab_size"]
    model = SequenceModel("gru", size, size, d_model=8).eval()
    values, evaluation = evaluate(data, model, "val")
    loader, symbols = data.val_dataloader(), data.text("val").long()
    bounds = [row * loader.total // loader.rows for row in range(loader.rows + 1)]
    nats = 0.0
    for low, high in itertools.pairwise(bounds):
        with torch.no_grad():
            scores = model(symbols[None, low:high])[0][0]
        nats += float(torch.nn.functional.cross_entropy(scores, symbols[low + 1 : high + 1], reduction="sum"))
    bits = nats / (len(symbols) - 1) / math.log(2)
    assert float(values[f"bits_per_{unit}"]) == pytest.approx(bits, rel=1e-5)
    counts = np.bincount(data.text("train").numpy(), minlength=size) + 1
    unigram = -np.log2(counts / counts.sum())[data.text("val").numpy()[1:]].mean()
    assert float(values["unigram_bits"]) == pytest.approx(unigram, rel=1e-6)
    record, accuracy, *_ = evaluation.records
    assert record.estimate == pytest.approx(bits, rel=1e-5)  # type: ignore[union-attr]
    assert record.baseline_estimate == pytest.approx(unigram)  # type: ignore[union-attr]
    assert record.skill == pytest.approx(1 - bits / unigram, rel=1e-5)  # type: ignore[union-attr]
    assert record.lower <= record.estimate <= record.upper  # type: ignore[union-attr, operator]
    assert accuracy.baseline == "most frequent symbol"  # type: ignore[union-attr]


def test_a_model_that_knows_the_frequencies_has_no_skill() -> None:
    """Scores that are the baseline's own: the bits are equal, and skill and its interval are 0."""
    counts = np.array([50, 30, 20])
    metric = LanguageQuality(4, counts, "character")
    stream = TextSymbols.of("character", ["ab"])
    assert stream.unknown == 2
    scores = torch.from_numpy(np.log((counts + 1) / (counts + 1).sum())).expand(40, 3)
    targets = torch.randint(0, 3, (4, 10), generator=torch.Generator().manual_seed(0))
    batch = Batch(
        targets, torch.full((4,), 10), targets, torch.ones(4, 10, dtype=torch.bool), index=torch.arange(4)
    )
    metric.update(None, batch, scores)  # type: ignore[arg-type]
    values = metric.compute()
    assert float(values["skill"]) == pytest.approx(0, abs=1e-6)
    record = metric.records(values)[0]
    assert isinstance(record, Quality)
    assert (record.skill_lower, record.skill_upper) == pytest.approx((0, 0), abs=1e-6)


@pytest.mark.parametrize(("unit", "odd"), [("character", "q"), ("byte", "é")])
def test_the_windows_of_the_most_bits_are_kept_as_they_can_be_typed(
    tmp_path: Path, unit: str, odd: str
) -> None:
    """A character that training does not have stands for itself; of bytes, no window shows half a character."""
    data = small(write(tmp_path, STORY[:-200] + odd * 40 + STORY[-160:]), unit=unit, window=15)
    size = data.spec["vocab_size"]
    loader, codec = data.test_dataloader(), data.symbols.codec
    _, evaluation = evaluate(data, SequenceModel("gru", size, size, d_model=8).eval(), "test")
    worst = [one for one in evaluation.records if isinstance(one, Example)]
    losses = [one.loss for one in worst]
    assert 0 < len(worst) <= 8
    assert losses == sorted(losses, reverse=True)
    read = {
        int(index): row[: int(length)].tolist()
        for batch in loader
        for index, row, length in zip(batch.index, batch.inputs, batch.lengths, strict=True)  # type: ignore[arg-type]
    }
    for index, symbols in read.items():
        assert loader.window(index).tolist() == symbols
        typed = codec.encode(data.symbols.typed(loader.window(index)))
        assert typed == symbols or unit == "byte"
        assert bytes(typed) in bytes(symbols) if unit == "byte" else len(typed) == len(symbols)
    for one in worst:
        assert one.text == data.symbols.typed(torch.tensor(read[one.index]))
        assert Example.from_dict(one.to_dict()) == one

"""Alignment measures: planted models whose entropy, gold share, influence and honesty are known exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.pairing import alignment_measure
from seqtoolkit.data.pairing.alignment_measure import AlignmentMeasure
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.retention import faithfulness as faithful
from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.faithfulness import source_influence
from tests.data.alignment_sizes import CLASSES, SOURCES, SYMBOLS

NONE = torch.empty(0)


def planted(length: int) -> Tensor:
    """Return weights (S,) that differ from each other and sum to 1."""
    powers = 8.0 ** torch.arange(length).flip(0)
    return powers / powers.sum()


class Planted(nn.Module):
    """Every prediction depends on source symbol s with strength planted(S)[s]; what it says of that is `look`."""

    def __init__(self, look: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.look = look
        self.heads = 1

    def forward(self, inputs: Tensor, mask: Tensor) -> tuple[Tensor, None]:
        rows = []
        for row, asked in zip(inputs, mask.int().argmax(1).tolist(), strict=True):
            value = (planted(asked) * torch.tensor([0.0, 1, 2, 4, 7, 9])[row[:asked]]).sum()
            rows.append(torch.stack([value, -value, value * 0, value * 0, value * 0]))
        return torch.stack(rows).repeat_interleave(mask.sum(1), 0), None

    def align(self, inputs: Tensor, mask: Tensor) -> Tensor:
        sources, steps = mask.int().argmax(1).tolist(), int(mask.sum(1).max())
        weights = torch.zeros(len(inputs), self.heads, steps, max(sources))
        for row, asked in enumerate(sources):
            weights[row, :, :, :asked] = self.look(planted(asked))
        return weights


def examples(lengths: list[int], seed: int = 0) -> Examples:
    """Return random pairs with sources of these lengths; each target is as long as its source."""
    random = np.random.default_rng(seed)
    prompts = ["".join(map(chr, random.integers(0, SOURCES, n))) + chr(SOURCES) for n in lengths]
    answers = ["".join(map(chr, random.integers(1, CLASSES - 1, n))) + chr(CLASSES - 1) for n in lengths]
    return Examples.of_answers(prompts, answers, SOURCES)


def measure(
    model: Any, lengths: list[int], tokens: int = 60, **options: Any
) -> tuple[dict[str, Tensor], list[AlignmentRecord]]:
    metric = AlignmentMeasure(len(lengths), SYMBOLS, **options)
    for batch in Batches(examples(lengths), tokens):
        metric.update(model, batch, NONE)
    values = metric.compute()
    return values, metric.records(values)


LENGTHS = [3, 4, 5, 6, 7] * 12
GOLD = {number: tuple((step, step) for step in range(n)) for number, n in enumerate(LENGTHS)}


def test_an_honest_model_is_found_honest() -> None:
    values, records = measure(Planted(lambda weights: weights), LENGTHS)
    (record,) = [record for record in records if record.quantity == "faithfulness"]
    assert values["faithfulness"] == pytest.approx(record.estimate)
    assert record.estimate > 0.97  # a draw may happen to be near the symbol that it replaces
    assert record.lower > 0.95
    low, high = record.settings["null_interval"]
    assert -0.35 < low < record.null < high < 0.35
    assert abs(record.null) < 0.03
    assert record.n == len(LENGTHS)


def test_a_liar_is_found_out() -> None:
    values, records = measure(Planted(lambda weights: weights.flip(0)), LENGTHS)
    (record,) = [record for record in records if record.quantity == "faithfulness"]
    assert record.upper < -0.95
    assert values["faithfulness"] < -0.97


def test_attention_that_knows_nothing_is_at_its_null() -> None:
    """Weights in an order of their own: the interval holds 0, and so does the null."""
    order = torch.Generator().manual_seed(1)
    _, records = measure(Planted(lambda w: w[torch.randperm(len(w), generator=order)]), LENGTHS * 3)
    (record,) = [record for record in records if record.quantity == "faithfulness"]
    assert record.lower < 0 < record.upper
    low, high = record.settings["null_interval"]
    assert low < record.estimate < high
    assert record.settings["draws"] == faithful.DRAWS


def test_uniform_weights_have_no_ranks_and_the_entropy_of_their_null() -> None:
    values, records = measure(Planted(lambda w: torch.full_like(w, 1 / len(w))), LENGTHS, gold=GOLD)
    assert "faithfulness" not in values
    entropy, share = records
    assert (entropy.quantity, share.quantity) == ("entropy", "gold_share")
    assert entropy.estimate == pytest.approx(entropy.null, abs=1e-6)
    assert entropy.null == pytest.approx(sum(map(math.log, LENGTHS)) / len(LENGTHS), abs=1e-6)
    assert share.estimate == pytest.approx(share.null, abs=1e-6)
    assert share.null == pytest.approx(sum(1 / n for n in LENGTHS) / len(LENGTHS), abs=1e-6)


def test_entropy_and_gold_share_are_exact() -> None:
    values, records = measure(Planted(lambda weights: weights), LENGTHS, gold=GOLD)
    each = [planted(n).double() for n in LENGTHS]
    entropy = sum(float(-(w * w.log()).sum()) for w in each) / len(each)
    assert values["alignment_entropy"] == pytest.approx(entropy, abs=1e-5)
    assert values["gold_share"] == pytest.approx(sum(1 / n for n in LENGTHS) / len(each), abs=1e-6)
    first = dict.fromkeys(GOLD, ((0, 0), (1, 0), (0, 1)))
    share = sum((float(w[:2].sum()) + float(w[0])) / 2 for w in each) / len(each)
    assert measure(Planted(lambda w: w), LENGTHS, gold=first)[0]["gold_share"] == pytest.approx(
        share, abs=1e-5
    )
    assert all(record.lower <= record.estimate <= record.upper for record in records)


def test_examples_without_gold_do_not_count() -> None:
    some = {number: GOLD[number] for number in range(10)}
    records = measure(Planted(lambda weights: weights), LENGTHS, gold=some)[1]
    assert {record.quantity: record.n for record in records}["gold_share"] == 10
    values, records = measure(Planted(lambda weights: weights), LENGTHS)
    assert "gold_share" not in values
    assert {record.quantity for record in records} == {"entropy", "faithfulness"}


def test_short_sources_have_an_entropy_but_no_ranks() -> None:
    values, records = measure(Planted(lambda weights: weights), [1, 2, 2, 1])
    assert [record.quantity for record in records] == ["entropy"]
    assert "faithfulness" not in values


def test_each_head_has_its_records_and_too_many_are_said() -> None:
    model = Planted(lambda weights: weights)
    model.heads = 3
    values, records = measure(model, LENGTHS[:10], gold=GOLD)
    assert [record.head for record in records] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert values["looks"].shape == (10, 2, 3)
    model.heads = alignment_measure.HEADS + 1
    with pytest.warns(UserWarning, match="65 heads of attention; the first 64 are measured"):
        assert len(measure(model, LENGTHS[:2])[1]) == 2 * alignment_measure.HEADS


def test_a_single_example_is_not_taken_for_a_scalar() -> None:
    values, records = measure(Planted(lambda weights: weights), [4], gold=GOLD)
    assert {name for name, value in values.items() if value.ndim == 0} == {
        "alignment_entropy", "gold_share", "faithfulness",
    }  # fmt: skip
    assert [record.n for record in records] == [1, 1, 1]


def test_models_without_attention_are_skipped() -> None:
    fixed = EncoderDecoder("gru", CLASSES, SOURCES + CLASSES, d_model=8, num_layers=1).eval()
    for model in (fixed, nn.Module()):
        values, records = measure(model, LENGTHS)
        assert values == {}
        assert records == []


@pytest.fixture(scope="module")
def attentive() -> EncoderDecoder:
    torch.manual_seed(0)
    return EncoderDecoder(
        "gru", CLASSES, SOURCES + CLASSES, attention="additive", d_model=16, num_layers=1
    ).eval()


def test_the_sum_over_processes_is_that_of_one(attentive: EncoderDecoder) -> None:
    """Any batches, any share of them: the same states, so the same of everything."""
    options: dict[str, Any] = {"gold": GOLD, "sample": 25}
    whole, *parts = [AlignmentMeasure(len(LENGTHS), SYMBOLS, **options) for _ in range(4)]
    data = examples(LENGTHS)
    with torch.no_grad():
        for batch in Batches(data, 100):
            whole.update(attentive, batch, NONE)
        for number, batch in enumerate(Batches(data, 40)):
            parts[number % 3].update(attentive, batch, NONE)
    for name, reduction in whole._reductions.items():
        states = torch.stack([getattr(part, name) for part in parts])
        together = states.amax(0) if name == "heads" else states.sum(0)
        assert reduction is not None
        torch.testing.assert_close(getattr(whole, name), together, equal_nan=True, rtol=1e-5, atol=1e-6)
    assert int((whole.honesty[:, 0, 0] != 0).sum()) == 25


def test_influence_equals_replacing_one_symbol_at_a_time(attentive: EncoderDecoder) -> None:
    batch = examples([5]).collate(torch.tensor([0]))
    tokens, mask = batch.inputs[0], batch.mask[0]
    positions, symbols = torch.tensor([1, 4]), torch.tensor([[0, 2, 5], [1, 1, 3]])
    found = source_influence(attentive, tokens, mask, positions, symbols)
    for column, (position, draws) in enumerate(zip(positions.tolist(), symbols.tolist(), strict=True)):
        expected = torch.zeros(6)
        for symbol in draws:
            changed = tokens.clone()
            changed[position] = symbol
            one, other = (
                attentive(row[None], mask=mask[None])[0].detach().log_softmax(-1) for row in (tokens, changed)
            )
            expected += nn.functional.kl_div(other, one, log_target=True, reduction="none").sum(-1) / 3
        torch.testing.assert_close(found[:, column], expected, rtol=1e-3, atol=1e-7)
    assert (found > 0).all()

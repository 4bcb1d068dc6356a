"""Recall: the target is the symbol at the stated lag; evaluation is one independent answer at each lag."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.recall import RecallData, grid
from seqtoolkit.data.recall_curve import RecallCurve
from seqtoolkit.data.recall_examples import MAX_GAP
from seqtoolkit.retention.record import Record

SMALL: dict[str, Any] = {"train_sequences": 40, "val_per_lag": 5, "test_per_lag": 6, "batch_size": 8}
MODEL: Any = None  # the metrics of this task look at scores only


def recalls(batch: Batch, codec: Codec) -> list[tuple[str, str, int]]:
    """For each supervised position: the text up to it, the answer, and the lag."""
    assert batch.lag is not None
    return [
        ("".join(codec.decode(batch.inputs[row, : step + 1].tolist())), answer, lag)
        for (row, step), answer, lag in zip(
            batch.mask.nonzero().tolist(),
            codec.decode(batch.targets[batch.mask].tolist()),
            batch.lag[batch.mask].tolist(),
            strict=True,
        )
    ]


@given(st.integers(0, 10_000), st.integers(2, 26), st.integers(1, 40), st.integers(0, 30))
def test_the_answer_is_the_last_symbol_at_the_stated_lag(
    seed: int, symbols: int, max_lag: int, room: int
) -> None:
    data = RecallData(num_symbols=symbols, max_lag=max_lag, length=max_lag + 9 + room, seed=seed, **SMALL)
    codec = Codec.from_dict(data.spec["codec"])
    loaders: list[Batches] = [data.train_dataloader(), data.val_dataloader(), data.test_dataloader()]
    for batch in itertools.chain(*loaders):
        for text, answer, lag in recalls(batch, codec):
            assert text[-1] == "?"
            assert text[-1 - lag] == answer
            assert answer.isupper()
            between = text[len(text) - lag : -1]
            assert between.islower() or not between
        assert batch.mask.any(1).all()
        assert (batch.inputs[batch.mask] == codec.index["?"]).all()


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(0, 60))
def test_what_comes_before_a_probe_is_as_in_training(seed: int, max_lag: int, room: int) -> None:
    data = RecallData(max_lag=max_lag, length=max_lag + 9 + room, seed=seed, **SMALL)
    names = data.spec["codec"]["symbols"]
    for loader in (data.train_dataloader(), data.test_dataloader()):
        for batch in loader:
            for tokens, asked, length in zip(batch.inputs, batch.mask, batch.lengths.tolist(), strict=True):
                text = "".join(names[token] for token in tokens[:length].tolist())
                last = text.rindex("?") if "?" in text else -1
                *earlier, end = text[: last + 1].split("?")
                assert end == ""
                for episode in earlier:  # idle steps, one symbol, distractors
                    assert sum(letter.isupper() for letter in episode) == 1
                    assert next(i for i, letter in enumerate(episode) if letter.isupper()) <= MAX_GAP
                if loader.seed is None:
                    assert last == length - 1
                    assert asked.nonzero().tolist() == [[last]]


def test_training_lags_are_mixed_up_to_the_longest() -> None:
    examples = RecallData(max_lag=64).train_dataloader().examples
    assert examples.lag is not None
    lags = examples.lag[examples.mask]
    assert (lags.min(), lags.max()) == (1, 64)
    octaves = torch.bincount(lags.log2().long())[:6] / len(lags)
    assert octaves.min() > 0.08  # log-uniform: each doubling of the lag is seen about as often
    assert octaves.max() < 0.3


def test_evaluation_asks_once_and_as_often_at_every_lag() -> None:
    data = RecallData(max_lag=16, length=40, val_per_lag=7, test_per_lag=9)
    for loader, lags, n in [
        (data.val_dataloader(), data.val_lags, 7),
        (data.test_dataloader(), data.test_lags, 9),
    ]:
        examples = loader.examples
        assert examples.lag is not None
        assert examples.mask.sum() == len(examples) == n * len(lags)
        counts = torch.bincount(examples.lag[examples.mask])
        assert [counts[lag] for lag in lags] == [n] * len(lags)
    assert data.val_lags == [1, 2, 3, 4, 6, 8, 12, 16]
    assert data.test_lags == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]
    assert grid(20, 10) == [1, 2, 3, 4, 6, 8, 10, 12, 16]


def test_the_position_of_the_question_does_not_reveal_a_trained_lag() -> None:
    data = RecallData(max_lag=16, length=40, test_per_lag=400)
    examples = data.test_dataloader().examples
    assert examples.lag is not None
    lags = examples.lag[examples.mask]
    trained = examples.lengths[lags <= 16]
    assert trained.min() == 17
    assert trained.max() == 40  # no longer than in training
    means = torch.stack([examples.lengths[lags == lag].double().mean() for lag in data.val_lags])
    assert (means - 28.5).abs().max() < 4 * 6.9 / 400**0.5  # 24 equally likely lengths


def test_streams_differ_and_repeat() -> None:
    def inputs(make: Callable[[RecallData], Batches], seed: int, epoch: int = 0) -> Tensor:
        loader = make(RecallData(seed=seed, **SMALL))
        loader.set_epoch(epoch)
        return torch.cat([batch.inputs.flatten() for batch in loader])[:1000]

    kinds = [RecallData.train_dataloader, RecallData.val_dataloader, RecallData.test_dataloader]
    streams = [inputs(kind, seed) for kind in kinds for seed in (0, 1)] + [inputs(kinds[0], 0, epoch=1)]
    again = [inputs(kind, seed) for kind in kinds for seed in (0, 1)] + [inputs(kinds[0], 0, epoch=1)]
    assert all(torch.equal(one, two) for one, two in zip(streams, again, strict=True))
    assert not any(torch.equal(one, two) for one, two in itertools.combinations(streams, 2))


def answer(
    data: RecallData, split: str, right: Callable[[Tensor], Tensor]
) -> tuple[dict[str, Tensor], Record]:
    """Measure a model that answers rightly at the lags where `right` says so."""
    metric = data.metrics(split)["recall"]
    loader = data.val_dataloader() if split == "val" else data.test_dataloader()
    for batch in loader:
        assert batch.lag is not None
        wrong = ~right(batch.lag[batch.mask])
        answers = (batch.targets[batch.mask] + wrong) % data.num_symbols
        metric.update(MODEL, batch, torch.nn.functional.one_hot(answers, data.num_symbols).float())
    values = metric.compute()
    (record,) = metric.records(values)
    return values, record


def test_the_curve_and_its_horizon() -> None:
    data = RecallData(max_lag=16, length=40, test_per_lag=50, num_symbols=4)
    values, record = answer(data, "test", lambda lag: lag <= 24)
    assert values["recall_accuracy"] == 1
    assert values["horizon"] == 24
    assert record.lags == data.test_lags
    assert record.estimate == [float(lag <= 24) for lag in data.test_lags]
    assert record.n == [50] * len(record.lags)
    assert record.null == [0.25] * len(record.lags)
    assert record.horizon is not None
    assert (record.horizon.lower, record.horizon.upper, record.horizon.censored) == (24, 24, False)
    assert (record.lower[0], record.upper[0]) == (pytest.approx(0.9287, abs=1e-4), 1)
    assert record.settings["max_lag"] == 16
    assert Record.from_dict(record.to_dict()) == record


def test_the_mean_is_over_the_lags_of_training_only() -> None:
    data = RecallData(max_lag=16, length=40, test_per_lag=5)
    assert answer(data, "test", lambda lag: lag > 16)[0]["recall_accuracy"] == 0
    assert answer(data, "test", lambda lag: lag <= 8)[0]["recall_accuracy"] == pytest.approx(6 / 8)


def test_a_perfect_model_is_censored() -> None:
    record = answer(RecallData(max_lag=16, length=40, test_per_lag=50), "test", lambda lag: lag > 0)[1]
    assert record.horizon is not None
    assert str(record.horizon) == "≥ 64 [64, 64+]"


def test_counts_add_up_over_processes() -> None:
    data = RecallData(max_lag=4, length=20, val_per_lag=10)
    parts = [data.metrics("val")["recall"] for _ in range(3)]
    assert all(isinstance(part, RecallCurve) for part in parts)
    for number, batch in enumerate(Batches(data.val_dataloader().examples, 60)):
        scores = torch.randn(len(batch), 8, generator=torch.Generator().manual_seed(number))
        for part in (parts[0], parts[1 + number % 2]):
            part.update(MODEL, batch, scores)
    for name in ("hits", "trials"):
        assert parts[0]._reductions[name] is not None
        assert torch.equal(getattr(parts[0], name), getattr(parts[1], name) + getattr(parts[2], name))


def test_a_part_of_the_grid_gives_a_part_of_the_curve() -> None:
    data = RecallData(**SMALL)
    metric = data.metrics("val")["recall"]
    batch = data.val_dataloader().examples.collate(torch.arange(5))  # the first lag
    scores = torch.nn.functional.one_hot(batch.targets[batch.mask], 8).float()
    metric.update(MODEL, batch, scores)
    values = metric.compute()
    assert (values["recall_accuracy"], values["horizon"]) == (1, 1)
    assert metric.records(values)[0].lags == [1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_symbols": 1}, "num_symbols is 1; .* 2 to 26"),
        ({"num_symbols": 27}, "num_symbols is 27"),
        ({"max_lag": 64, "length": 72}, "up to 64 do not fit .* 72 steps; use --data.length 73"),
        ({"max_lag": 0}, "up to 0"),
        ({"test_lags": [4, 0]}, "at least 1 step"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RecallData(**options)


def test_there_is_nothing_to_predict() -> None:
    with pytest.raises(ValueError, match="RecallData reads no inputs to predict"):
        RecallData().predict_dataloader()

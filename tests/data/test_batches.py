"""Batches: every example once, within the budget, in the same order in every process."""

from __future__ import annotations

import itertools
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing._internal.distributed.fake_pg import FakeStore

from seqtoolkit.batch import Batch
from seqtoolkit.data import batches as module
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.g2p import G2PData
from seqtoolkit.data.reverse import ReverseData
from tests.data.batches_made import numbered, rows

LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=80)


def share(monkeypatch: pytest.MonkeyPatch, batches: Batches, rank: int, world: int) -> list[Batch]:
    with monkeypatch.context() as patch:
        patch.setattr(module, "place", lambda: (rank, world))
        shares = list(batches)
        assert len(shares) == len(batches)
    return shares


@given(LENGTHS, st.data())
def test_collation_is_the_naive_loop(lengths: list[int], data: st.DataObject) -> None:
    examples = numbered(lengths)
    chosen = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=10))
    batch = examples.collate(torch.tensor(chosen))
    longest = max(lengths[row] for row in chosen)

    def naive(column: Tensor) -> list[list[int]]:
        cut = [column[sum(lengths[:row]) :][: lengths[row]].tolist() for row in chosen]
        return [values + [0] * (longest - len(values)) for values in cut]

    assert batch.lag is not None
    assert examples.lag is not None
    assert batch.index is not None
    assert batch.inputs.tolist() == naive(examples.inputs)
    assert batch.targets.tolist() == naive(examples.targets)
    assert batch.mask.tolist() == naive(examples.mask)
    assert batch.lag.tolist() == naive(examples.lag)
    assert batch.lengths.tolist() == [lengths[row] for row in chosen]
    assert batch.index.tolist() == chosen


@given(LENGTHS, st.integers(30, 300), st.one_of(st.none(), st.integers(0, 9)), st.integers(0, 3))
def test_every_example_once_within_the_budget(
    lengths: list[int], tokens: int, seed: int | None, epoch: int
) -> None:
    batches = Batches(numbered(lengths), tokens, seed)
    batches.set_epoch(epoch)
    seen = list(batches)
    assert sorted(itertools.chain(*rows(seen))) == list(range(len(lengths)))
    assert all(batch.inputs.numel() <= tokens for batch in seen)
    real, padded = sum(lengths), sum(batch.inputs.numel() for batch in seen)
    assert batches.padding == pytest.approx(1 - real / padded)


@given(LENGTHS, st.one_of(st.none(), st.integers(30, 300)), st.integers(1, 9), st.integers(0, 9))
def test_every_example_once_in_so_many_rows(
    lengths: list[int], tokens: int | None, most: int, seed: int
) -> None:
    seen = list(Batches(numbered(lengths), tokens, seed, rows=most))
    assert sorted(itertools.chain(*rows(seen))) == list(range(len(lengths)))
    assert all(len(batch) <= most for batch in seen)
    assert all(batch.inputs.numel() <= (tokens or most * 30) for batch in seen)
    if tokens is None:
        assert len(seen) == -(-len(lengths) // most)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=60), st.integers(0, 9))
def test_sequences_of_one_length_are_ordered_by_their_prompts(
    pairs: list[tuple[int, int]], seed: int
) -> None:
    examples = Examples.of_answers(
        ["p" * source for source, _ in pairs], ["a" * target for _, target in pairs]
    )
    for batch in Batches(examples, 36, seed):
        assert batch.index is not None
        sizes = [(sum(pairs[row]), pairs[row][0]) for row in batch.index.tolist()]
        assert sizes == sorted(sizes, reverse=True)


def test_both_parts_of_real_batches_are_dense() -> None:
    for batches in (G2PData().train_dataloader(), ReverseData(batch_size=10).train_dataloader()):
        real = padded = 0
        for batch in batches:
            for size in (batch.mask.int().argmax(1), batch.lengths - batch.mask.int().argmax(1)):
                real, padded = real + int(size.sum()), padded + len(batch) * int(size.max())
        assert 1 - real / padded < 0.02


@pytest.mark.parametrize("world", [1, 2, 3])
def test_processes_share_the_same_global_batches(monkeypatch: pytest.MonkeyPatch, world: int) -> None:
    batches = Batches(numbered([5, 9, 1, 30, 7] * 40), 240, seed=3)
    whole = rows(list(batches))
    shares = [rows(share(monkeypatch, batches, rank, world)) for rank in range(world)]
    assert [[r for part in parts for r in part] for parts in zip(*shares, strict=True)] == [
        [r for rank in range(world) for r in batch[rank::world]] for batch in whole
    ]
    assert all(part for parts in shares for part in parts)


def test_rank_and_world_are_those_of_torch_distributed() -> None:
    batches = Batches(numbered([4] * 12), 24, seed=0)
    whole = rows(list(batches))
    torch.distributed.init_process_group("fake", store=FakeStore(), rank=1, world_size=3)
    try:
        assert rows(list(batches)) == [batch[1::3] for batch in whole]
    finally:
        torch.distributed.destroy_process_group()


@given(LENGTHS, st.integers(1, 5))
def test_evaluation_covers_every_example_once(lengths: list[int], world: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        batches = Batches(numbered(lengths), 64)
        seen = [rows(share(patch, batches, rank, world)) for rank in range(world)]
    assert sorted(itertools.chain(*itertools.chain(*seen))) == list(range(len(lengths)))


@given(LENGTHS, st.integers(30, 300))
def test_no_batch_is_a_remnant(lengths: list[int], tokens: int) -> None:
    sizes = [len(batch) for batch in Batches(numbered(lengths), tokens)]
    assert min(sizes) >= min(len(lengths), tokens // max(lengths)) // 2


def test_shuffling_depends_on_seed_and_epoch_only() -> None:
    def order(seed: int, epoch: int) -> list[list[int]]:
        batches = Batches(numbered([3, 4, 5] * 50), 60, seed)
        batches.set_epoch(epoch)
        return rows(list(batches))

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)


def test_redrawn_examples_follow_the_epoch() -> None:
    fresh = {epoch: numbered([4] * 6) for epoch in range(2)}
    fresh[1].inputs.neg_()
    batches = Batches(fresh[0], 8, seed=0, redraw=fresh.__getitem__)
    assert all((batch.inputs > 0).all() for batch in batches)
    batches.set_epoch(1)
    assert all((batch.inputs < 0).all() for batch in batches)


def test_errors_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="8 tokens cannot hold a sequence of 9"):
        Batches(numbered([9]), 8)
    with pytest.raises(ValueError, match=r"3 processes cannot share a batch of 2 .*at most 2"):
        share(monkeypatch, Batches(numbered([4] * 4), 8, seed=0), 0, 3)


def test_real_batches_are_dense_and_cheap() -> None:
    batches = G2PData(batch_tokens=2048).train_dataloader()
    assert batches.padding < 0.05
    start = time.process_time()
    sizes = [batch.inputs.numel() for batch in batches]
    assert (time.process_time() - start) / len(sizes) < 2e-3
    assert max(sizes) <= 2048
    assert sum(sizes) / len(sizes) > 0.95 * 2048

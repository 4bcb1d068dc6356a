"""Streams of a long text: every step once, each row going on where it stopped, shared and resumed exactly."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.texts import streams as module
from seqtoolkit.data.texts.streams import Streams

SIZES = st.tuples(st.integers(2, 300), st.integers(1, 9), st.integers(2, 40))


def text(size: int) -> Tensor:
    """No two symbols alike, so that a step tells where it was read."""
    return torch.arange(size, dtype=torch.int16)


def steps(batches: list[Batch]) -> list[int]:
    """Every step (its input), after checking that its target is the next symbol."""
    found: list[int] = []
    for batch in batches:
        assert (batch.targets == batch.inputs + 1)[batch.mask].all()
        assert batch.inputs[~batch.mask].count_nonzero() == batch.targets[~batch.mask].count_nonzero() == 0
        assert batch.mask.sum(1).tolist() == batch.lengths.tolist()
        assert (batch.mask.sum(1) > 0).all()
        found += batch.inputs[batch.mask].tolist()
    return found


@given(SIZES)
def test_evaluation_has_every_step_once(sizes: tuple[int, int, int]) -> None:
    size, rows, window = sizes
    stream = Streams(text(size), rows, window)
    batches = list(stream)
    assert sorted(steps(batches)) == list(range(size - 1))
    assert len(batches) == len(stream)
    assert max(batch.inputs.shape[1] for batch in batches) <= window
    index = torch.cat([batch.index for batch in batches]).tolist()  # type: ignore[misc]
    assert sorted(index) == list(range(stream.rows * stream.windows))


@given(SIZES)
def test_a_row_goes_on_where_it_stopped(sizes: tuple[int, int, int]) -> None:
    size, rows, window = sizes
    batches = list(Streams(text(size), rows, window))
    assert [batch.carried for batch in batches] == [number > 0 for number in range(len(batches))]
    for before, after in itertools.pairwise(batches):
        last = before.inputs.gather(1, before.lengths[:, None] - 1)[:, 0]
        assert after.inputs[:, 0].tolist() == (last + 1).tolist()


@given(SIZES, st.integers(0, 5))
def test_training_reads_the_text_as_a_ring(sizes: tuple[int, int, int], epoch: int) -> None:
    size, rows, window = sizes
    if size - 1 < rows * window:
        return
    stream = Streams(text(size), rows, window, seed=3)
    stream.set_epoch(epoch)
    batches = list(stream)
    found = steps(batches)
    assert len(found) == len(set(found)) == (size - 1) // rows * rows
    whole = torch.cat([batch.inputs for batch in batches], 1)
    assert (whole.diff(dim=1) % (size - 1) == 1).all()
    assert len({batch.inputs.shape[1] for batch in batches}) <= 2  # windows of equal length, but for one step


def test_epochs_begin_elsewhere_and_the_seed_decides_where() -> None:
    def first(seed: int, epoch: int) -> int:
        stream = Streams(text(3000), 4, 16, seed=seed)
        stream.set_epoch(epoch)
        return int(next(iter(stream)).inputs[0, 0])

    assert first(0, 0) == first(0, 0)
    assert len({first(seed, epoch) for seed in range(3) for epoch in range(3)}) > 6


@pytest.mark.parametrize("seed", [None, 1])
@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_the_rows(seed: int | None, world: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(rank: int, of: int) -> list[Batch]:
        monkeypatch.setattr(module, "place", lambda: (rank, of))
        return list(Streams(text(1000), 5, 16, seed=seed))

    alone, shares = read(0, 1), [read(rank, world) for rank in range(world)]
    for number, batch in enumerate(alone):
        for rank, share in enumerate(shares):
            assert torch.equal(share[number].inputs, batch.inputs[rank::world])
            assert share[number].index.tolist() == batch.index[rank::world].tolist()  # type: ignore[union-attr,index]


def test_more_processes_than_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "place", lambda: (2, 3))
    assert list(Streams(text(100), 2, 16)) == []
    with pytest.raises(
        ValueError, match=r"3 processes cannot share 2 rows of text; give --data.batch_size 3"
    ):
        len(Streams(text(100), 2, 16, seed=0))


@given(st.integers(0, 8), st.integers(0, 3))
def test_an_epoch_goes_on_after_any_batch(stop: int, epoch: int) -> None:
    def stream() -> Streams:
        return Streams(text(500), 4, 16, seed=0)

    whole = stream()
    whole.set_epoch(epoch)
    batches = list(whole)
    begun = stream()
    begun.set_epoch(epoch)
    for _ in itertools.islice(begun, stop):
        pass
    state: dict[str, Any] = begun.state_dict()
    resumed = stream()
    resumed.load_state_dict(state)
    resumed.set_epoch(epoch)
    rest = list(resumed)
    assert len(rest) == len(batches) - min(stop, len(batches))
    for one, other in zip(rest, batches[len(batches) - len(rest) :], strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert one.carried == other.carried
    assert len(list(resumed)) == len(batches)  # and then from the beginning


@given(SIZES)
def test_the_examples_are_the_windows(sizes: tuple[int, int, int]) -> None:
    size, rows, window = sizes
    stream = Streams(text(size), rows, window)
    found = stream.examples
    assert len(found) == stream.rows * stream.windows
    for batch in stream:
        assert batch.index is not None
        alone = found.collate(batch.index)
        assert torch.equal(alone.inputs, batch.inputs)
        assert torch.equal(alone.targets, batch.targets)
        assert torch.equal(alone.mask, batch.mask)

"""Labelled series in double precision are copied as seldom as they can be."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from seqtoolkit.data.labelled.arrays import of_arrays
from seqtoolkit.data.labelled.channel_scale import ChannelScale
from seqtoolkit.data.labelled.sequence_gaps import fill_gaps

X = np.random.default_rng(0).normal(size=(100, 200, 10))  # 1.6 MB


def peak(make: Callable[[], Any]) -> float:
    """Return the most memory that was taken meanwhile, in sizes of X."""
    tracemalloc.start()
    try:
        kept = make()
        most = tracemalloc.get_traced_memory()[1]
        del kept
        return most / X.nbytes
    finally:
        tracemalloc.stop()


def test_arrays_are_read_with_one_copy() -> None:
    assert peak(lambda: of_arrays("x.npz", {"x": X})) < 1.6  # the copy, and marks of a byte for each value


def test_scaling_takes_one_copy_in_double_precision_beside_what_it_returns() -> None:
    values = X.reshape(-1, 10)
    scale = ChannelScale.fit("x.npz", tuple("abcdefghij"), values)
    assert peak(lambda: scale.apply(values)) < 1.6


def test_what_misses_nothing_is_not_filled() -> None:
    found = of_arrays("x.npz", {"x": X})
    scaled = found.values.astype(np.float32)
    assert peak(lambda: fill_gaps(found, scaled, [])) < 0.3
    marked = fill_gaps(found, scaled, ["2"])
    assert marked.dtype == np.float32
    assert np.array_equal(marked, np.concatenate([scaled, np.ones((len(scaled), 1))], 1, dtype=np.float32))

"""Missing values of labelled series: refused, filled from the past of their own series, or marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.data.labelled.sequence_gaps import fill_gaps
from seqtoolkit.data.labelled_series import LabelledSeriesData
from tests.data.labelled_made import NAN, series


def test_missing_values_come_from_the_past_of_their_own_series() -> None:
    found = series([[[NAN, 1], [2, NAN], [NAN, NAN]], [[NAN, 5]]])
    filled = fill_gaps(found, found.values, ["a"])
    expected = [[0, 1, 0], [2, 1, 1], [2, 1, 0], [0, 5, 0]]
    np.testing.assert_array_equal(filled, np.array(expected, dtype=np.float32))


@given(st.lists(st.lists(st.sampled_from([NAN, 1.0, 2.0]), min_size=1, max_size=5), min_size=1, max_size=4))
def test_filling_never_looks_ahead(columns: list[list[float]]) -> None:
    found = series([[[value] for value in column] for column in columns], names="a")
    filled = iter(fill_gaps(found, found.values, [])[:, 0].tolist())
    for column in columns:
        last = 0.0
        for value in column:
            last = last if value != value else value
            assert next(filled) == last


def test_missing_values_are_refused_filled_or_marked(tmp_path: Path) -> None:
    gaps = series([[[1, NAN], [2, 2]], [[3, 4]]] * 4, ("down", "up") * 4)
    path = tmp_path / "x.npz"
    x = np.array([[[1, NAN], [2, 2]], [[3, 4], [0, 0]]] * 4)
    np.savez(path, x=x, lengths=[2, 1] * 4, y=gaps.labels)
    with pytest.raises(
        ValueError,
        match=r"x.npz, row \d: channel '2' has no value at step 1 \(3 are .* --data.missing forward",
    ):
        LabelledSeriesData(str(path), val_share=0.25)
    assert LabelledSeriesData(str(path), missing="forward").spec["num_features"] == 2
    marked = LabelledSeriesData(str(path), missing="mask", noise=9.0)
    assert (marked.spec["num_features"], marked.spec["masked"]) == (3, ["2"])
    batch = next(iter(marked.train_dataloader()))
    assert set(batch.inputs[..., 2][:, 0].tolist()) == {0.0, 1.0}  # noise leaves the marks alone
    empty = x.copy()
    empty[..., 1] = NAN
    np.savez(path, x=empty, y=gaps.labels)
    with pytest.raises(
        ValueError, match=r"x.npz: channel '2' has no value in any training sequence; leave it out"
    ):
        LabelledSeriesData(str(path), missing="forward")

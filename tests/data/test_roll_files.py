"""Files of rolls: .mat is read as .npz, and what holds no rolls is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.io import savemat

from seqtoolkit.data.labelled.roll_files import read_rolls
from tests.data.rolls_made import drawn, save_npz


def cell(rolls: list[Any]) -> NDArray[Any]:
    cells = np.empty(len(rolls), dtype=object)
    cells[:] = rolls
    return cells


@settings(max_examples=10)
@given(st.integers(0, 99))
def test_mat_files_are_read_as_npz_files(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder, rolls = tmp_path_factory.mktemp("rolls"), drawn(seed)
    np.savez(folder / "x.npz", **save_npz(folder, rolls))
    savemat(folder / "x.mat", {"traindata": cell(rolls), "other": "a text"}, do_compression=bool(seed % 2))
    one, two = read_rolls(str(folder / "x.npz")), read_rolls(str(folder / "x.mat"), "train")
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.lengths, two.lengths)
    assert one.channels == two.channels == ("1", "2", "3")


def test_mat_files_of_one_matrix_or_a_block(tmp_path: Path) -> None:
    path = str(tmp_path / "x.mat")
    savemat(path, {"x": np.eye(4)})
    assert read_rolls(path).lengths.tolist() == [4]
    savemat(path, {"x_val": np.zeros((2, 5, 3))})
    assert read_rolls(path, "val").lengths.tolist() == [5, 5]


ROLL = np.zeros((3, 2))
BAD_MAT: list[tuple[Any, str]] = [
    (cell([ROLL, ROLL[:, :1]]), r"x.mat, row 2: a roll of 3 frames and 1 notes, and the first has 2 notes"),
    (
        cell([ROLL, ROLL + 0.5]),
        r"x.mat, row 2: note '1' is 0.5 in frame 1; expected 0 \(silent\) or 1 \(sounding\)",
    ),
    (cell([ROLL, np.where(ROLL == 0, np.nan, 0)]), r"x.mat, row 2: note '1' is nan in frame 1"),
    (cell([ROLL, ROLL[:1]]), r"x.mat, row 2: a roll of 1 frame; expected 2 or more"),
    (cell([ROLL, ROLL[:0]]), r"x.mat, row 2: a roll of 0 frames"),
    (
        cell([ROLL, "a"]),
        r"x.mat: its x, cell 2 is <U1 of the shape .*; expected numbers, frames by notes \(T, K\)",
    ),
    (cell([cell([ROLL, ROLL]), ROLL]), r"x.mat: its x, cell 1 is object of the shape"),
    ({"field": ROLL}, r"x.mat: its x(, cell 1)? is .*; expected numbers, frames by notes"),
    (np.empty(0, dtype=object), r"x.mat has no rolls; expected one \(T, K\) for each"),
]


@pytest.mark.parametrize(("value", "message"), BAD_MAT)
def test_a_wrong_mat_file_is_refused(tmp_path: Path, value: Any, message: str) -> None:
    path = tmp_path / "x.mat"
    savemat(path, {"x": value})
    with pytest.raises(ValueError, match=message):
        read_rolls(str(path))


def test_files_that_are_no_rolls_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.mat"
    savemat(path, {"y": ROLL})
    with pytest.raises(
        ValueError, match=r"x.mat has no variable x_train or traindata or x; expected a .mat file"
    ):
        read_rolls(str(path), "train")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"x.mat (is damaged|has no variable)"):
        read_rolls(str(path))
    for content in (b"", b"no matrix" * 30):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"x.mat is damaged, or no .mat file"):
            read_rolls(str(path))
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    with pytest.raises(ValueError, match=r"x.mat is of MATLAB 7.3 \(HDF5\), .* save it with -v7"):
        read_rolls(str(path))
    with pytest.raises(ValueError, match=r"x.mid: its name ends in neither .npz nor .mat"):
        read_rolls("x.mid")
    with pytest.raises(ValueError, match=r"cannot read .*none.mat: No such file"):
        read_rolls(str(tmp_path / "none.mat"))
    np.savez(tmp_path / "x.npz", x=np.array([[ROLL, None]], dtype=object))
    with pytest.raises(ValueError, match=r"its array 'x' is of Python objects"):
        read_rolls(str(tmp_path / "x.npz"))

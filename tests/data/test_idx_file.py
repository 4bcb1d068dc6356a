"""IDX: every type of number comes back, and a file that is cut off or foreign is refused in words."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from seqtoolkit.data.labelled.idx_file import read_idx

KINDS = {">u1": 8, ">i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def idx(array: NDArray[Any]) -> bytes:
    """Write an array as LeCun describes it."""
    kind = array.dtype.newbyteorder(">")
    head = struct.pack(f">HBB{array.ndim}I", 0, KINDS[kind.str.replace("|", ">")], array.ndim, *array.shape)
    return head + array.astype(kind).tobytes()


@settings(max_examples=25)
@given(
    st.sampled_from(sorted(KINDS)).flatmap(
        lambda kind: arrays(
            kind, array_shapes(max_dims=4, max_side=3), elements={"allow_nan": False} if "f" in kind else None
        )
    )
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, array: NDArray[Any]) -> None:
    folder = tmp_path_factory.mktemp("idx")
    (folder / "a-ubyte").write_bytes(idx(array))
    (folder / "a.gz").write_bytes(gzip.compress(idx(array)))
    for name in ("a-ubyte", "a.gz"):
        np.testing.assert_array_equal(read_idx(str(folder / name), (1, 2, 3, 4)), array)


GOOD = idx(np.arange(12, dtype="u1").reshape(3, 4))
BAD = {
    b"": r"a.idx is no IDX file: it is empty; expected an IDX file such as train-images-idx3-ubyte",
    b"\x89PNG....": r"a.idx is no IDX file: it begins with the bytes 89 50 4e 47",
    GOOD[:8]: r"a.idx is cut off: its header has 8 of 12 bytes; copy it again",
    GOOD[
        :-1
    ]: r"a.idx says that it has 3 x 4 numbers, 12 bytes, and 11 follow \(is it cut off\?\); copy it again",
    GOOD + b"x": r"a.idx says that it has 3 x 4 numbers, 12 bytes, and 13 follow",
    idx(np.zeros(3, "u1")): r"a.idx has 1 axes; expected 2 or 3",
}


@pytest.mark.parametrize("content", BAD)
def test_a_wrong_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.idx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=BAD[content]):
        read_idx(str(path), (2, 3))

"""Read IDX, the format of MNIST (LeCun): a magic number, the sizes of each axis, then the numbers themselves."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.opened import whole

EXPECTED = "an IDX file such as train-images-idx3-ubyte, or the same as .gz"
_KINDS = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str, axes: tuple[int, ...]) -> NDArray[Any]:
    """Return the array of an IDX file, also packed as .gz or .xz.

    Args:
        path: of the file.
        axes: how many axes the array may have.

    Raises ValueError that names the file: it is no IDX, or has other axes or bytes than it should.
    """
    data = whole(path, EXPECTED).getvalue()
    zeros, kind, count = struct.unpack(">HBB", data[:4]) if len(data) >= 4 else (1, 0, 0)
    if zeros or kind not in _KINDS or not count:
        found = f"it begins with the bytes {data[:4].hex(' ')}" if data else "it is empty"
        raise ValueError(f"{path} is no IDX file: {found}; expected {EXPECTED}")
    if count not in axes:
        raise ValueError(f"{path} has {count} axes; expected {' or '.join(map(str, axes))}")
    if len(data) < (head := 4 + 4 * count):
        raise ValueError(f"{path} is cut off: its header has {len(data)} of {head} bytes; copy it again")
    shape, number = struct.unpack(f">{count}I", data[4:head]), np.dtype(_KINDS[kind])
    if (size := math.prod(shape) * number.itemsize) != len(data) - head:
        raise ValueError(
            f"{path} says that it has {' x '.join(map(str, shape))} numbers, {size:,} bytes, and"
            f" {len(data) - head:,} follow (is it cut off?); copy it again"
        )
    return np.frombuffer(data, number, offset=head).reshape(shape)

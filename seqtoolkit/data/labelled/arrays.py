"""Labelled sequences from the arrays x, y, lengths, channels and groups, checked against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.labelled.npz_file import Arrays
from seqtoolkit.data.labelled.sequences import Ints, Sequences, Values, check_steps

NAMES = ("x", "y", "lengths", "channels", "groups")


def of_arrays(path: str, arrays: Arrays) -> Sequences:
    """Check arrays against each other, and make sequences of them.

    Raises ValueError that names the file and the array.
    """
    x = _numbers(path, arrays["x"])
    x = x[..., None] if x.ndim == 2 else x
    if x.ndim != 3 or not x.size:
        raise ValueError(
            f"{path}: its x has the shape {arrays['x'].shape}; expected (N, T, F), N sequences of T steps and F"
            " channels, or (N, T) for one channel, and none of them 0. Type numpy.savez(FILE,"
            " x=numpy.stack(series), y=y)"
        )
    lengths = _lengths(path, arrays.get("lengths"), len(x), x.shape[1])
    found = Sequences(
        path=path,
        lengths=lengths,
        values=x[np.arange(x.shape[1]) < lengths[:, None]],
        channels=_channels(path, arrays.get("channels"), x.shape[2]),
        labels=_labels(path, arrays.get("y"), len(x)),
        groups=groups_of(path, arrays.get("groups"), len(x)),
    )
    check_steps(found)
    return found


def _numbers(path: str, x: NDArray[Any]) -> Values:
    if x.dtype.kind == "U":
        raise ValueError(f"{path}: its x holds texts; expected numbers: save x=x.astype(float)")
    return x.astype(np.float32 if np.can_cast(x.dtype, np.float32) else np.float64, copy=False)


def _lengths(path: str, lengths: NDArray[Any] | None, n: int, steps: int) -> Ints:
    if lengths is None:
        return np.full(n, steps, dtype=np.int64)
    if lengths.shape != (n,) or lengths.dtype.kind not in "iu":
        raise ValueError(
            f"{path}: its lengths are {lengths.dtype} of the shape {lengths.shape}; expected whole numbers, ({n},):"
            " save lengths=numpy.array([len(one) for one in series])"
        )
    bad = np.nonzero((lengths < 1) | (lengths > steps))[0]
    if len(bad):
        raise ValueError(
            f"{path}, row {bad[0] + 1}: its length is {lengths[bad[0]]}; expected 1 to {steps}, the steps of x;"
            " pad x to the longest of the series, and save lengths=numpy.array([len(one) for one in series])"
        )
    return lengths.astype(np.int64)


def _channels(path: str, names: NDArray[Any] | None, width: int) -> tuple[str, ...]:
    if names is None:
        return tuple(str(number) for number in range(1, width + 1))
    found = tuple(map(str, names.ravel().tolist()))
    if len(found) != width or len(set(found)) < width:
        raise ValueError(
            f"{path}: its channels are {', '.join(found):.80}; expected {width} different names:"
            " save channels=numpy.array(['heat', 'load', ...]), one for each channel of x"
        )
    return found


def _labels(path: str, y: NDArray[Any] | None, n: int) -> tuple[str, ...] | NDArray[np.float64] | None:
    if y is None:
        return None
    if y.shape not in ((n,), (n, 1)):
        raise ValueError(
            f"{path}: its y has the shape {y.shape}; expected ({n},), a label for each sequence: save"
            " y=numpy.array([...]), and y=y.argmax(1) where it has a column for each class"
        )
    y = y.reshape(n)
    if y.dtype.kind != "f":
        return tuple(map(str, y.tolist()))
    bad = np.nonzero(~np.isfinite(y))[0]
    if len(bad):
        raise ValueError(
            f"{path}, row {bad[0] + 1}: its y is {y[bad[0]]}; expected a finite number;"
            " leave such series out: keep = numpy.isfinite(y), then save x=x[keep], y=y[keep]"
        )
    return y.astype(np.float64)


def groups_of(path: str, groups: NDArray[Any] | None, n: int) -> tuple[str, ...] | None:
    """Return the group of each of n sequences as a text, or None where there is no such array.

    Raises ValueError when there is not one for each.
    """
    if groups is None:
        return None
    if groups.shape != (n,) or groups.dtype.kind not in "biuU":
        raise ValueError(
            f"{path}: its groups are {groups.dtype} of the shape {groups.shape}; expected ({n},) texts or whole"
            " numbers, the subject or machine of each sequence: save groups=numpy.array([...])"
        )
    return tuple(map(str, groups.tolist()))

"""Read the arrays of a MATLAB .mat file by scipy: numbers, or a cell of them for each sequence; nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.opened import whole

EXPECTED = "a .mat file, as MATLAB's save -v7 or scipy.io.savemat write it"
SAVE = "x = {first, second}; save('FILE.mat', 'x', '-v7'), where each roll is a matrix of frames by notes"


def held(path: str) -> list[str]:
    """Return the names of the variables of a file.

    Raises ValueError when it is damaged.
    """
    content = whole(path, EXPECTED)
    with _explained(path):
        from scipy.io import whosmat

        return [str(name) for name, *_ in whosmat(content)]


def read_mat(path: str, names: tuple[str, ...]) -> list[NDArray[Any]]:
    """Return the sequences of the first variable of `names` that the file has.

    A cell array has one (T, K) for each sequence, a matrix (T, K) is one sequence, (N, T, K) are N of them.
    Raises ValueError that names file and variable: it is damaged, has none of them, or holds something else.
    """
    content = whole(path, EXPECTED)
    with _explained(path):
        from scipy.io import loadmat

        stored = loadmat(content, variable_names=names)
    found = next((name for name in names if name in stored), None)
    if found is None:
        raise ValueError(
            f"{path} has no variable {' or '.join(names)}; expected {EXPECTED}. It has"
            f" {', '.join(held(path)) or 'nothing':.200}. Type in MATLAB: {SAVE}"
        )
    return _sequences(f"{path}: its {found}", stored[found])


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn whatever scipy raises inside into one ValueError: a damaged file may fail anywhere in its reader."""
    try:
        yield
    except ImportError:
        raise ValueError("reading .mat files needs scipy; type pip install 'seqtoolkit[mat]'") from None
    except NotImplementedError:
        raise ValueError(
            f"{path} is of MATLAB 7.3 (HDF5), which scipy does not read; save it with -v7: {SAVE}"
        ) from None
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path} is damaged, or no .mat file ({first:.100}); expected {EXPECTED}") from None


def _sequences(what: str, value: Any) -> list[NDArray[Any]]:
    """Take a cell, a matrix or a block apart."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        parts = [(f"{what}, cell {i}", part) for i, part in enumerate(value.ravel(), 1)]
    elif isinstance(value, np.ndarray) and value.ndim == 3:
        parts = [(f"{what}, row {i}", part) for i, part in enumerate(value, 1)]
    else:
        parts = [(what, value)]
    for place, part in parts:
        if not isinstance(part, np.ndarray) or part.dtype.kind not in "biuf" or part.ndim != 2:
            kind = (
                f"{part.dtype} of the shape {part.shape}"
                if isinstance(part, np.ndarray)
                else type(part).__name__
            )
            raise ValueError(
                f"{place} is {kind}; expected numbers, frames by notes (T, K). Type in MATLAB: {SAVE}"
            )
    return [part for _, part in parts]

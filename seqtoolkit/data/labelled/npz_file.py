"""Read named arrays from an .npz file as numbers and texts; a pickle in it is never opened."""

from __future__ import annotations

import zipfile
import zlib
from typing import Any

from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from seqtoolkit.data.opened import whole

Arrays = dict[str, NDArray[Any]]
EXPECTED = "an .npz file, as numpy.savez writes it"


def read_npz(path: str, names: tuple[str, ...], split: str = "") -> Arrays:
    """Return those of the arrays `names` that the file has, by name.

    An array called `NAME_SPLIT`, such as x_train, comes before one that is called `NAME`: a file may hold all splits.
    Raises ValueError that names file and array: it is damaged, of objects, or the first of `names` is not there.
    """
    try:
        with NpzFile(whole(path, EXPECTED), allow_pickle=False) as file:
            stored = {name: _stored(name, split, file.files) for name in names}
            _check(path, names[0], split, stored, file.files)
            return {name: _array(path, file, key) for name, key in stored.items() if key}
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path} is damaged, or no .npz file ({error}); expected {EXPECTED}") from None


def _stored(name: str, split: str, files: list[str]) -> str:
    """Return the key of an array, or nothing."""
    return next((key for key in (f"{name}_{split}", name) if key in files), "")


def _check(path: str, first: str, split: str, stored: dict[str, str], files: list[str]) -> None:
    if not stored[first]:
        wanted = f"{first!r} or {f'{first}_{split}'!r}" if split else repr(first)
        has = ", ".join(files[:10]) or "nothing"
        raise ValueError(
            f"{path} has no array {wanted}; it has {has:.200}. Save it by that name:"
            f" numpy.savez(FILE, {first}=..., y=...)"
        )


def _array(path: str, file: NpzFile, key: str) -> NDArray[Any]:
    try:
        array: NDArray[Any] = file[key]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise ValueError(f"{path}: its array {key!r} cannot be read ({error}); write it again") from None
        raise ValueError(
            f"{path}: its array {key!r} is of Python objects, which only a pickle can hold, and a pickle can run any"
            f" code: it is not opened. {_plain(key)}"
        ) from None
    if array.dtype.kind not in "biufU":
        raise ValueError(
            f"{path}: its array {key!r} is of type {array.dtype}; expected numbers or texts:"
            f" save {key}={key}.astype(float), or {key}={key}.astype(str)"
        )
    return array


def _plain(key: str) -> str:
    """Say how an array of Python objects is saved without them."""
    if key.startswith("x"):
        return "Save plain numbers: sequences padded to the longest, x=(N, T, F), with lengths=(N,)"
    if key.startswith("groups"):
        return f"Save plain texts: {key}={key}.astype(str)"
    return f"Save plain texts or numbers: {key}={key}.astype(str), or {key}={key}.astype(float)"

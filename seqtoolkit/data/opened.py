"""Open a user's file for reading, unpacked where it is packed; what cannot be read is said in words."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import lzma
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

BROKEN = (EOFError, lzma.LZMAError, zlib.error)
STDIN = "-"


@contextlib.contextmanager
def opened(path: str, expected: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input when `path` is -; a name that ends in .gz or .xz is unpacked while it is read.

    Raises ValueError with the name and what was `expected`, also for what happens while the caller reads.
    """
    try:
        with contextlib.ExitStack() as stack:
            if path == STDIN:
                yield sys.stdin.buffer  # which is not ours to close
                return
            file: object = stack.enter_context(Path(path).open("rb"))
            if path.endswith(".gz"):
                file = stack.enter_context(gzip.open(cast(BinaryIO, file)))
            elif path.endswith(".xz"):
                file = stack.enter_context(lzma.open(cast(BinaryIO, file)))
            yield cast(BinaryIO, file)
    except BROKEN as error:
        raise ValueError(f"{path} is damaged or cut off ({error}); copy it again") from None
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}; expected {expected}") from None


def whole(path: str, expected: str) -> io.BytesIO:
    """Read all of a file into memory, so that a reader can move in it. Raises as `opened` does."""
    with opened(path, expected) as file:
        return io.BytesIO(file.read())


def sha256_of(path: str, expected: str) -> str:
    """Return the sha256 of a file as it lies there, packed or not. Raises ValueError when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}; expected {expected}") from None

"""Write files so that a reader, a crash or a full disk never meets half of one."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

LARGEST = (1 << 63) - 1  # whole number: what is larger fits no float, or no other reader of JSON


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Write under a temporary name, fsync, then replace; on failure nothing is left and the old file stays.

    Raises OSError with the path in it (disk full, no permission).
    """
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file under a temporary name, which takes the place of `path` at the end, unless there was an error.

    Raises OSError with the path in it (disk full, no permission).
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_atomically(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path: Path, limit: int = 16 << 20) -> dict[str, Any]:
    """Read a JSON object of at most `limit` bytes.

    Raises ValueError that names the file when it is too large, not JSON, or not an object.
    """
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"{path}: larger than {limit:,} bytes, which no {path.name} is")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


def is_number(value: object) -> TypeGuard[float]:
    """Say whether a value read from a file is a finite real number (and not a bool)."""
    return math.isfinite(value) if isinstance(value, float) else is_whole(value, -LARGEST)


def is_whole(value: object, least: int) -> TypeGuard[int]:
    """Say whether a value read from a file is a whole number of at least this size (and not a bool)."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST

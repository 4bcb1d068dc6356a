"""Remember what was read from a file until its time or size changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
Stamp = tuple[int, int]  # modification time in nanoseconds, size in bytes
MISSING: Stamp = (0, -1)


def stamp(path: Path) -> Stamp:
    """Return what changes when a file is written; MISSING when it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return MISSING
    return status.st_mtime_ns, status.st_size


class FileCache(Generic[T]):
    """The results of reading the `limit` files used last; safe to share between threads."""

    def __init__(self, read: Callable[[Path], T], limit: int) -> None:
        self._read, self._limit = read, limit
        self._known: OrderedDict[Path, tuple[Stamp, T]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, path: Path) -> T:
        """Return the result of `read`, anew only when the file has changed; errors are not remembered."""
        now = stamp(path)
        with self._lock:
            before = self._known.pop(path, None)
        value = before[1] if before is not None and before[0] == now else self._read(path)
        with self._lock:
            self._known[path] = (now, value)  # last in the order of use
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        return value

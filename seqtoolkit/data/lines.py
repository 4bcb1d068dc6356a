"""Lines of a file or a pipe as they come, in bounded memory, and what becomes of lines that cannot be used."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Literal, Protocol

MAX_LINE = 1 << 20  # bytes
_BLOCK = 1 << 18
OnBadLine = Literal["error", "skip"]


class Readable(Protocol):
    """What bytes are read from: `read1` waits only when nothing is there."""

    def read1(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""


class BadLine(ValueError):
    """What is wrong with a line: a kind that is counted, and the details of this one."""

    def __init__(self, kind: str, details: str = "") -> None:
        super().__init__(kind + details)
        self.kind = kind


class BadLines:
    """Refuse a line with file and number, or count it and report all of them once."""

    def __init__(self, name: str, on_bad_line: OnBadLine) -> None:
        self.name = name
        self.on_bad_line = on_bad_line
        self.kinds: Counter[str] = Counter()
        self.first: dict[str, int] = {}

    def found(self, number: int, error: BadLine) -> None:
        """Count a line, or raise ValueError that says how to leave such lines out; 0 stands for a file of its own."""
        if self.on_bad_line == "error":
            place, what = (f"{self.name}, line {number}", "line") if number else (self.name, "file")
            raise ValueError(
                f"{place}: {error}. Mend the {what}, or leave out such {what}s: --data.on_bad_line skip"
            ) from None
        self.kinds[error.kind] += 1
        self.first.setdefault(error.kind, number)

    def report(self, lines: int) -> None:
        """Say on standard error how many of so many lines were left out, and why (one process says so)."""
        if self.kinds and os.environ.get("LOCAL_RANK", "0") == "0":
            first = {kind: f" (first: line {line})" if line else "" for kind, line in self.first.items()}
            kinds = [f"{n:,} {kind}{first[kind]}" for kind, n in self.kinds.most_common()]
            left_out = (
                f"{self.kinds.total():,} of {lines:,} {'lines' if all(first.values()) else 'files'} skipped"
            )
            print(f"seqtoolkit: {self.name}: {left_out}: {', '.join(kinds)}", file=sys.stderr)


def lines(file: Readable) -> Iterator[list[bytes]]:
    """Yield the lines that are there, without line feeds or a byte order mark; never an empty list.

    A line of more than MAX_LINE bytes loses its end, and stays longer than that; `decode` refuses it.
    """
    rest, first = b"", True
    while data := file.read1(_BLOCK):
        *whole, rest = (rest + data).split(b"\n")
        rest = rest[: MAX_LINE + 1]
        if whole:
            yield [whole[0].removeprefix(b"\xef\xbb\xbf"), *whole[1:]] if first else whole
            first = False
    if rest := rest.removeprefix(b"\xef\xbb\xbf") if first else rest:
        yield [rest]


def decode(line: bytes) -> str:
    """Return the text of a line; a carriage return at its end is left out.

    Raises BadLine when it is too long or not UTF-8.
    """
    if len(line) > MAX_LINE:
        raise BadLine(f"longer than {MAX_LINE:,} bytes")
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise BadLine("not UTF-8", f" ({error.reason} at byte {error.start + 1}); save it as UTF-8") from None

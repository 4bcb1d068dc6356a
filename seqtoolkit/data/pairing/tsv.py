"""Read a file of pairs: source, tab, target, and where they are known, tab and alignments. No quoting."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from seqtoolkit.data.lines import BadLine, BadLines, OnBadLine, decode, lines
from seqtoolkit.data.pairing.pair import Alignment, Pair

_EXPECTED = "; expected a source, a tab and a target"
_LINK = re.compile(r"(\d{1,6})-(\d{1,6})", re.ASCII)


def read_pairs(
    path: str, check: Callable[[Pair], None], on_bad_line: OnBadLine = "error"
) -> tuple[list[Pair], str]:
    """Return the pairs of a UTF-8 file, and the sha256 of the file. A byte order mark and Windows line ends are fine.

    `check` raises BadLine for a pair that the task cannot use.
    Raises ValueError: the file cannot be read or has no pairs, or a line is bad and is not to be skipped.
    """
    bad, pairs, number = BadLines(path, on_bad_line), list[Pair](), 0
    try:
        with Path(path).open("rb") as file:
            hashed = _Hashed(file)
            for number, line in enumerate((line for some in lines(hashed) for line in some), 1):
                try:
                    pair = parse(decode(line))
                    check(pair)
                    pairs.append(pair)
                except BadLine as error:
                    bad.found(number, error)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}{_EXPECTED} on each line of a file") from None
    bad.report(number)
    if not pairs:
        raise ValueError(f"{path} has no pairs" + (" left" if number else "") + f"{_EXPECTED} on each line")
    return pairs, hashed.sha256.hexdigest()


def parse(line: str) -> Pair:
    """Take a line apart.

    Raises BadLine that says what it lacks.
    """
    columns = line.split("\t")
    if not line.strip():
        raise BadLine("an empty line", _EXPECTED)
    if len(columns) == 1:
        raise BadLine("one column", f", {line!r:.80}{_EXPECTED}")
    if len(columns) > 3:
        raise BadLine("more than 3 columns", f", {len(columns)} of them{_EXPECTED}")
    for name, column in zip(("source", "target"), columns, strict=False):
        if not column.strip():
            raise BadLine(f"an empty {name}", _EXPECTED)
    return Pair(columns[0], columns[1], _alignment(columns[2]) if len(columns) == 3 else None)


def _alignment(text: str) -> Alignment:
    """Read "0-1 2-0": the first symbol of the source belongs to the second of the target, and so on."""
    links = [_LINK.fullmatch(link) for link in text.split()]
    if not all(links):
        raise BadLine(
            "a third column that is no alignment",
            f", {text!r:.80}; expected pairs of positions such as 0-0 1-2, or only two columns",
        )
    return tuple((int(link[1]), int(link[2])) for link in links if link)


class _Hashed:
    """A file that is hashed while it is read: a pipe can be read only once."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.sha256 = hashlib.sha256()

    def read1(self, size: int, /) -> bytes:
        """Return what is there, at most `size` bytes."""
        data: bytes = self.file.read1(size)  # type: ignore[attr-defined]
        self.sha256.update(data)
        return data

"""What is wrong with a CSV, in words: how its text is encoded, or a row with more or fewer cells than its header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

Content = bytes | Path
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def damage(content: Content, separator: str, width: int) -> str:
    """Find the first row that cannot be read, or return nothing."""
    return encoding(content) or _ragged(content, separator, width)


def encoding(content: Content, lines: int | None = None) -> str:
    """Find the first line, among so many, whose bytes are no UTF-8; the header is not counted among the rows."""
    with opened(content) as file:
        for number, line in enumerate(file):
            if number == lines:
                break
            if number == 0 and line.startswith(UTF_16):
                return "it is UTF-16 text; save it as UTF-8"
            try:
                line.decode()
            except UnicodeDecodeError:
                where = f"row {number:,}" if number else "its header"
                return f"{where} is not UTF-8 text; save the file as UTF-8"
    return ""


def csv_rows(content: Content, separator: str) -> Iterator[list[str]]:
    """Yield the cells of each row, the header first."""
    with opened(content) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
        yield from csv.reader(text, delimiter=separator)


def opened(content: Content) -> BinaryIO:
    """Open a file, or what was read of one before."""
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def _ragged(content: Content, separator: str, width: int) -> str:
    with suppress(csv.Error):  # a cell beyond all measure is not what is looked for
        for number, row in enumerate(csv_rows(content, separator)):
            if row and len(row) != width:  # an empty line is no row
                cut = (
                    "; an empty cell needs its separator, too: is the file cut off?"
                    if len(row) < width
                    else ""
                )
                return f"row {number:,} has {len(row)} cells; expected {width}, as many as the header{cut}"
    return ""

"""Rows of a CSV as they come through a pipe, each as soon as its line is there."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import cast

from seqtoolkit.data.lines import BadLine, decode, lines
from seqtoolkit.data.tabular.source import BINARY, check_names, separator_of

LONGER = "; a quotation ends on its line here: leave out --stream for longer ones"


class RowLines(AbstractContextManager["RowLines"]):
    """The header of a CSV, and its rows, while it is open. A row is one line: it does not wait for the end of a
    quotation, as the header does.

    A CSV may be divided by commas, semicolons, tabs or bars: by what its first line has most of.
    Raises ValueError when the file cannot be opened, for what is no header, and for a line that is no row.
    """

    def __init__(self, source: str) -> None:
        self.name = "standard input" if source == "-" else source
        self._file = _open(source)
        self._lines = enumerate((line for some in lines(self._file) for line in some), 1)
        self._separator = ","

    @cached_property
    def names(self) -> list[str]:
        """The columns, as soon as the header is there."""
        number, first = next(self._lines, (1, b""))
        for kind in (kind for magic, kind in BINARY.items() if first.startswith(magic)):
            raise ValueError(
                f"{self.name} is a file of {kind}, and rows of a CSV are streamed; leave out --stream"
            )
        text = self._decode(number, first)
        if not text.strip():
            raise ValueError(f"{self.name} has no header; expected a CSV whose first line names its columns")
        self._separator = separator_of(text)
        names = self._cells(number, chain([_ended(text, first)], self._read()))
        check_names(self.name, names)
        return names

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row with its number, counted from 1 without the header."""
        width = len(self.names)
        for row, (number, line) in enumerate(self._lines, 1):
            cells = self._cells(number, [self._decode(number, line)]) or [""]
            if len(cells) != width:
                raise ValueError(
                    f"{self.name}, line {number:,} has {len(cells)} cells; expected {width}, as many as the header"
                )
            yield row, cells

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._file is not sys.stdin.buffer:
            self._file.close()

    def _decode(self, number: int, line: bytes) -> str:
        try:
            return decode(line)
        except BadLine as error:
            raise ValueError(f"{self.name}, line {number:,}: {error}") from None

    def _read(self) -> Iterator[str]:
        """Yield the next lines, for a header whose quotation goes on."""
        for number, line in self._lines:
            yield _ended(self._decode(number, line), line)

    def _cells(self, number: int, texts: Iterable[str]) -> list[str]:
        try:
            return next(csv.reader(texts, delimiter=self._separator, strict=True), [])
        except csv.Error as error:
            more = LONGER if "unexpected end" in str(error) else ""
            raise ValueError(f"{self.name}, line {number:,} is no row of a CSV: {error}{more}") from None


def _ended(text: str, line: bytes) -> str:
    """Return a text with the end that its line had, which is part of a name inside quotes."""
    return text + ("\r\n" if line.endswith(b"\r") else "\n")


def _open(source: str) -> BufferedReader:
    if source == "-":
        return cast(BufferedReader, sys.stdin.buffer)
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise ValueError(
            f"cannot read {source}: {error.strerror}; give a CSV, or - for standard input"
        ) from None

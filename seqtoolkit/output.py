"""Rows on their way out, as they come: TSV or JSON lines, to a file or to standard output."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

from seqtoolkit.files import replacing

Row = dict[str, Any]
N_BEST = ("source", "rank", "answer", "score")  # columns where several answers were asked for


class Output(AbstractContextManager["Output"]):
    """Rows in the order of the input, each written as soon as those before it are there.

    A row with `n_best` answers has a line for each of them in TSV. When nobody reads on, the program ends quietly.

    Args:
        output: path of a file, or - for standard output.
        format: `tsv` (with a header line) or `jsonl`.
        grows: whether the file grows row by row; otherwise it takes its place when it is whole, or not at all.
    """

    def __init__(self, output: str, format: Literal["tsv", "jsonl"], grows: bool = False) -> None:
        self.output, self.format, self.grows = output, format, grows
        self._waiting: dict[int, Row] = {}  # rows whose predecessors are not answered yet
        self._written = 0
        self._file: BinaryIO | None = None
        self._open = ExitStack()

    def check(self) -> None:
        """Raise ValueError for a place that cannot be written, before any work is done."""
        if self.output != "-" and (
            Path(self.output).is_dir() or not Path(self.output).resolve().parent.is_dir()
        ):
            raise ValueError(f"--output {self.output}: expected a file in a folder that exists")

    def append(self, rows: Sequence[Row]) -> None:
        """Write the next rows."""
        self.add(enumerate(rows, self._written))

    def add(self, rows: Iterable[tuple[int, Row]]) -> None:
        """Write those of the numbered rows, and of the ones that waited, that are next."""
        self._waiting.update(rows)
        try:
            self._write("".join(self._next()).encode())
        except BrokenPipeError:
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # what is flushed at exit goes there
            raise SystemExit(0) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the file in its place; after an error, leave nothing behind."""
        if kind is None:
            self._write(b"")
        self._open.__exit__(kind, error, trace)

    def _next(self) -> Iterator[str]:
        while (row := self._waiting.pop(self._written, None)) is not None:
            if self.format == "jsonl":
                yield json.dumps(row, ensure_ascii=False) + "\n"
            else:
                lines = _table(row)
                if not self._written:
                    yield _line(lines[0])
                yield from (_line(line.values()) for line in lines)
            self._written += 1

    def _write(self, data: bytes) -> None:
        self._file = self._file or self._begin()
        self._file.write(data)
        self._file.flush()

    def _begin(self) -> BinaryIO:
        """Open the output; a pipe or a device is written to, not replaced."""
        if self.output == "-":
            return sys.stdout.buffer
        path = Path(self.output)
        if self.grows or (path.exists() and not path.is_file()):
            return self._open.enter_context(path.open("wb"))
        return self._open.enter_context(replacing(path.resolve()))


def _table(row: Row) -> list[Row]:
    """Return a row for each line of TSV."""
    if "n_best" not in row:
        return [row]
    return [
        dict(zip(N_BEST, (row["source"], rank, one["answer"], f"{one['score']:.6f}"), strict=True))
        for rank, one in enumerate(row["n_best"], 1)
    ]


def _line(cells: Iterable[Any]) -> str:
    """Join cells; there is no quoting, so what would end a cell becomes a space."""
    return "\t".join(re.sub(r"[\t\r\n]", " ", str(cell)) for cell in cells) + "\n"

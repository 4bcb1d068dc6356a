"""A user's prompts, one a line, from a file or standard input: answered as they come, in bounded memory."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import cast

from seqtoolkit.batch import Batch
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.examples import Examples
from seqtoolkit.data.lines import BadLine, BadLines, OnBadLine, Readable, decode, lines

CHUNK = 1024  # prompts that wait for each other, so that those of similar lengths share a batch
TOKENS = 8_192  # of a batch


class Prompts:
    """Batches of prompts, in the place of a DataLoader. `Batch.index` counts the prompts from 0.

    Each chunk has the lines that are there, at most CHUNK, so that a slow pipe is answered line by line.
    A byte order mark and Windows line ends are ignored; of a file of pairs only the first column is read, unless a tab
    is a symbol like others. Everything else is read as in training: a space is a symbol, and a line without an input is
    bad.

    Args:
        source: path of a file; - for standard input.
        encode: makes the tokens of a prompt; raises ValueError when it cannot.
        example: a prompt, for error messages.
        on_bad_line: what becomes of a line that cannot be read.
        tabs: whether a tab is a symbol like others, and not the end of the first column.

    Raises ValueError when the file cannot be opened; while it is read: with file and line, and for a file without
    prompts.
    """

    def __init__(
        self,
        source: str,
        encode: Callable[[str], list[int]],
        example: str,
        on_bad_line: OnBadLine = "error",
        tabs: bool = False,
    ) -> None:
        self.name = "standard input" if source == "-" else source
        self.encode = encode
        self.example = example
        self.tabs = tabs
        self.bad = BadLines(self.name, on_bad_line)
        self.asked: dict[int, str] = {}  # prompts without an answer yet, as they were typed
        self._file = _open(source)

    def __len__(self) -> int:
        """Return a number that is never reached: without one Lightning holds back a batch until the next is there."""
        return sys.maxsize // 2

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of each chunk."""
        number = 0
        with self._file as file:
            for some in lines(file):
                for start in range(0, len(some), CHUNK):
                    chunk = some[start : start + CHUNK]
                    yield from self._batches(number, chunk)
                    number += len(chunk)
        self.bad.report(number)
        if not self._count:
            left = " left" if number else ""
            raise ValueError(
                f"{self.name} has no inputs{left}; write one on each line, such as {self.example}"
            )

    _count = 0  # prompts so far

    def _batches(self, before: int, chunk: list[bytes]) -> Iterator[Batch]:
        first, prompts = self._count, list[str]()
        for number, line in enumerate(chunk, before + 1):
            try:
                text = decode(line) if self.tabs else decode(line).partition("\t")[0]
                prompts.append("".join(map(chr, self._tokens(text))))
                self.asked[self._count] = text
                self._count += 1
            except BadLine as error:
                self.bad.found(number, error)
        if prompts:
            examples = Examples.of_answers(prompts, ["\0"] * len(prompts))
            for batch in Batches(examples, max(TOKENS, *map(len, prompts))):
                assert batch.index is not None
                yield dataclasses.replace(batch, index=batch.index + first)

    def _tokens(self, text: str) -> list[int]:
        if not text.strip():
            raise BadLine("an empty input", f"; expected one such as {self.example}")
        try:
            return self.encode(text)
        except BadLine:
            raise
        except ValueError as error:
            raise BadLine("an input that cannot be read", f": {error}") from None


def _open(source: str) -> AbstractContextManager[Readable]:
    if source == "-":
        return nullcontext(cast(Readable, sys.stdin.buffer))  # which is not ours to close
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise ValueError(f"cannot read {source}: {error.strerror}; give a file of one input a line") from None

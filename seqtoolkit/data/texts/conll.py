"""Sentences with a tag for each word: CoNLL (columns between spaces) and CoNLL-U (ten columns between tabs)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from seqtoolkit.data.lines import BadLine, BadLines, OnBadLine, Readable, decode, lines
from seqtoolkit.data.opened import opened, sha256_of

EXPECTED = (
    "a CoNLL file (a word and its tag on each line, an empty line after each sentence) or a .conllu file"
)
_DOCUMENT = "-DOCSTART-"
_COLUMNS = 10  # of CoNLL-U


class Sentence(NamedTuple):
    """Words, a tag for each, and the number of the line of each."""

    words: list[str]
    tags: list[str]
    lines: list[int]

    @property
    def text(self) -> str:
        """The words as they can be typed."""
        return " ".join(self.words)


class Places(NamedTuple):
    """The columns of word and tag, counted from 1; the last one is -1."""

    word: int
    tag: int

    @classmethod
    def of(cls, path: str, word: int | None, tag: int | None) -> Places:
        """Return what was chosen, or what a file of this name has: FORM and UPOS of CoNLL-U, else first and last."""
        usual = cls(2, 4) if _is_conllu(path) else cls(1, -1)
        return cls(usual.word if word is None else word, usual.tag if tag is None else tag)


def read_conll(
    path: str, places: Places, check: Callable[[Sentence], None], on_bad_line: OnBadLine = "error"
) -> tuple[list[Sentence], str]:
    """Return the sentences of a UTF-8 file, and its sha256. A byte order mark and Windows line ends are fine.

    Lines that begin with # in CoNLL-U, or with -DOCSTART-, ranges of words (1-2) and empty words (1.1) are left out. A
    sentence with a line that cannot be used is left out as a whole. `check` raises BadLine for one that the task cannot
    use.

    Raises ValueError: the file cannot be read or has no sentences, or a line is bad and is not to be skipped.
    """
    reader, number = _Reader(path, places, check, on_bad_line), 0
    with opened(path, EXPECTED) as file:
        for number, line in enumerate((line for some in lines(cast(Readable, file)) for line in some), 1):
            reader.line(number, line)
    reader.end()
    reader.bad.report(number)
    if not reader.sentences:
        left = " left" if reader.bad.kinds else ""
        raise ValueError(f"{path} has no sentences{left}; expected {EXPECTED}")
    return reader.sentences, sha256_of(path, EXPECTED)


class _Reader:
    """Collects lines into sentences."""

    def __init__(
        self, path: str, places: Places, check: Callable[[Sentence], None], on_bad_line: OnBadLine
    ) -> None:
        self.conllu = _is_conllu(path)
        self.places = places
        self.check = check
        self.bad = BadLines(path, on_bad_line)
        self.sentences: list[Sentence] = []
        self._words: list[tuple[str, str, int]] = []
        self._spoiled = False  # a line of this sentence was skipped

    def line(self, number: int, data: bytes) -> None:
        """Take the next line."""
        try:
            text = decode(data)
            if not text.strip():
                self.end()
            elif not (text.startswith(_DOCUMENT) or (self.conllu and text.startswith("#"))):
                self._word(text, number)
        except BadLine as error:
            self._spoiled = True
            self.bad.found(number, error)

    def end(self) -> None:
        """End a sentence, if one has begun."""
        words, spoiled = self._words, self._spoiled
        self._words, self._spoiled = [], False
        if words and not spoiled:
            sentence = Sentence(*map(list, zip(*words, strict=True)))
            try:
                self.check(sentence)
                self.sentences.append(sentence)
            except BadLine as error:
                self.bad.found(sentence.lines[0], error)

    def _word(self, text: str, number: int) -> None:
        cells = text.split("\t") if self.conllu else text.split()
        if self.conllu and len(cells) != _COLUMNS:
            raise BadLine(
                f"not {_COLUMNS} columns", f" between tabs, which CoNLL-U has, but {len(cells)}: {text!r:.60}"
            )
        if self.conllu and not cells[0].isdecimal() and any(mark in cells[0] for mark in "-."):
            return
        needed = max(self.places.word, self.places.tag, 2)
        if len(cells) < needed:
            raise BadLine(
                f"fewer than {needed} columns",
                f", {text!r:.60}; expected a word and its tag: see --data.word and --data.tag",
            )
        word, tag = (cells[place - 1 if place > 0 else place] for place in self.places)
        if self.conllu and tag == "_":
            raise BadLine("no tag", f", {word!r:.60} has _; choose another column with --data.tag")
        if not word.strip() or not tag.strip():
            raise BadLine("an empty word or tag", f", {text!r:.60}; expected both")
        self._words.append((word.replace(" ", "\N{NO-BREAK SPACE}"), tag, number))


def _is_conllu(path: str) -> bool:
    return Path(path.removesuffix(".gz").removesuffix(".xz")).suffix.lower() in (".conllu", ".conllup")

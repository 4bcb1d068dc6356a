"""Which symbols a side of the pairs is made of: characters, words, or those of a given list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from seqtoolkit.codec import Codec
from seqtoolkit.data.lines import BadLine, decode, lines

UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Side:
    """How the texts of one side are taken apart."""

    words: bool  # at spaces, otherwise into characters
    listed: tuple[str, ...] = ()  # the vocabulary, where it is given

    @classmethod
    def of(cls, choice: str) -> Self:
        """Understand `characters`, `words`, or the path of a file of one symbol a line.

        Raises ValueError that names the file and the line.
        """
        if choice in ("characters", "words"):
            return cls(words=choice == "words")
        return cls(words=True, listed=_read_list(choice))

    def split(self, text: str) -> list[str]:
        """Return the symbols of a text."""
        return text.split() if self.words else list(text)

    def vocabulary(self, texts: Iterable[str], min_count: int, max_symbols: int | None) -> tuple[str, ...]:
        """Return the symbols that occur often enough in `texts`, at most so many of the most frequent, in order."""
        if self.listed:
            return self.listed
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text.split() if self.words else text)
        del counts[UNKNOWN]  # stands for itself
        frequent = sorted((-count, symbol) for symbol, count in counts.items() if count >= min_count)
        return tuple(sorted(symbol for _, symbol in frequent[:max_symbols]))


def pair_codec(
    sources: tuple[str, ...], targets: tuple[str, ...], example: str, words: tuple[bool, bool]
) -> Codec:
    """Number the symbols of both sides, each with an unknown one; the marks get names that no symbol has."""
    taken = {*sources, *targets}
    separator, end = _free("→", taken), _free("■", taken)
    return Codec(
        (*sources, UNKNOWN, separator, *targets, UNKNOWN, end),
        alphabet=sources,
        example=example,
        separator=separator,
        end=end,
        unknown=UNKNOWN,
        words=words[0],
        answer_words=words[1],
    )


class Spelling(dict[str, str]):
    """Maps a symbol to its character, one for each number; others to that of `unknown`, where there is one."""

    def __init__(self, numbers: dict[str, int], unknown: int | None) -> None:
        super().__init__((symbol, chr(number)) for symbol, number in numbers.items())
        self.unknown = unknown

    def __missing__(self, symbol: str) -> str:
        if self.unknown is None:
            raise KeyError(symbol)
        return chr(self.unknown)

    def spell(self, symbols: Iterable[str]) -> str:
        """Write symbols as a text."""
        return "".join(map(self.__getitem__, symbols))


def _free(mark: str, taken: set[str]) -> str:
    return mark if mark not in taken else _free(mark + mark[0], taken)


def _read_list(path: str) -> tuple[str, ...]:
    symbols: dict[str, None] = {}
    try:
        with Path(path).open("rb") as file:
            for number, line in enumerate((line for some in lines(file) for line in some), 1):
                words = _decoded(path, number, line).split()
                if len(words) > 1:
                    raise ValueError(
                        f"{path}, line {number}: {' '.join(words)!r:.80} are {len(words)} symbols; one a line"
                    )
                symbols |= dict.fromkeys(words)
    except OSError as error:
        raise ValueError(
            f"cannot read the symbols of {path!r}: {error.strerror};"
            " give characters, words, or a file of one symbol a line"
        ) from None
    symbols.pop(UNKNOWN, None)
    if not symbols:
        raise ValueError(f"{path} has no symbols; write one on each line")
    return tuple(symbols)


def _decoded(path: str, number: int, line: bytes) -> str:
    try:
        return decode(line)
    except BadLine as error:
        raise ValueError(f"{path}, line {number}: {error}") from None

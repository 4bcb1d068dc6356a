"""Between what a person types and the token ids a model reads. Plain values only, imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

_LISTS = ("symbols", "alphabet", "labels")
_TEXTS = ("example", "separator", "end", "query", "unknown", "spelled")
_FLAGS = ("words", "answer_words", "bytes", "last")
_LATER = {
    "labels": [],
    "bytes": False,
    "last": False,
    "spelled": "",
}  # fields that older checkpoints do not have


@dataclass(frozen=True)
class Codec:
    """The symbols of a task, stored in every checkpoint so that it can be used without its data.

    Tasks that answer with a sequence append `separator` to a prompt and read answers until `end`. Their symbols
    are: what is read, the separator, what is answered, the end mark. A *class* is an answered symbol: class c is
    token c + `offset`, class 0 the separator, which is never answered. The same name may be read and answered.
    Tasks without a separator answer at every `query` symbol in the prompt; their classes are the first tokens.
    A task that has neither answers at every symbol, or after the `last` one: with what comes next (a language model,
    whose class c is token c), or with one of the `labels`, which are no symbols.
    """

    symbols: tuple[str, ...]  # the name of every token id
    alphabet: tuple[str, ...]  # the symbols that a person may type
    example: str  # a prompt to begin with
    separator: str = ""
    end: str = ""
    query: str = ""
    unknown: str = ""  # the symbol that stands for those outside the alphabet; without it they are refused
    words: bool = False  # a prompt is split at spaces into symbols, instead of into characters
    answer_words: bool = False  # the symbols of an answer are joined with spaces, instead of without
    labels: tuple[str, ...] = ()  # the name of every class, where classes are not symbols
    bytes: bool = False  # a prompt is split into the bytes of its UTF-8; byte b has the name chr(b)
    last: bool = False  # only after the last symbol is there an answer
    spelled: str = (
        ""  # a mark: an unknown word is read as its characters, each after this mark, then `unknown`
    )

    @cached_property
    def index(self) -> dict[str, int]:
        """Map the name of each symbol to its token id; a name that is read and answered, to the one that is read."""
        last = len(self.symbols) - 1
        return {symbol: last - back for back, symbol in enumerate(reversed(self.symbols))}

    @cached_property
    def offset(self) -> int:
        """The token id of class 0."""
        return self.index[self.separator] if self.separator else 0

    @cached_property
    def classes(self) -> dict[str, int]:
        """Map the name of each symbol, or label, that can be answered to its class."""
        return {symbol: number for number, symbol in enumerate(self.labels or self.symbols[self.offset :])}

    @property
    def end_class(self) -> int:
        """The class that ends an answer, the last one."""
        return self.classes[self.end]

    def split(self, text: str) -> list[str]:
        """Split what was typed into symbols."""
        if self.bytes:
            return list(text.encode().decode("latin-1"))
        return text.split() if self.words else list(text)

    def encode(self, text: str) -> list[int]:
        """Turn what was typed into a prompt of token ids, the separator included.

        Raises ValueError when it is empty, and one that names the symbols outside the alphabet where none stands
        for them.
        """
        symbols = self.split(text)
        if not symbols:
            raise ValueError(f"an empty input; type something such as {self.example!r}")
        if not self.unknown and (strange := sorted(set(symbols) - self._typed)):
            raise ValueError(
                f"{text!r:.200} has {' '.join(map(repr, strange[:10]))};"
                f" this model reads only {(' ' if self.words else '').join(self.alphabet):.200}"
            )
        if self.query and self.query not in symbols:
            raise ValueError(f"{text!r} asks nothing; put {self.query!r} where the model should answer")
        tokens = [token for symbol in symbols for token in self.tokens(symbol)]
        return [*tokens, self.offset] if self.separator else tokens

    def tokens(self, symbol: str) -> list[int]:
        """Return what is read for one symbol: its token; of an unknown one that is spelled, its characters first."""
        if symbol in self._typed:
            return [self.index[symbol]]
        letters = [self.spelled + letter for letter in symbol] if self.spelled else []
        return [*(self.index[name] for name in letters if name in self.index), self.index[self.unknown]]

    def decode(self, tokens: list[int]) -> list[str]:
        """Name each token."""
        return [self.symbols[token] for token in tokens]

    def asked(self, tokens: list[int]) -> list[int]:
        """Return the positions of a prompt without a separator at which there is an answer."""
        if self.query:
            return [step for step, token in enumerate(tokens) if token == self.index[self.query]]
        if self.last:
            return [len(tokens) - 1]
        return [step for step, token in enumerate(tokens) if token not in self._letters]

    def names(self, classes: list[int]) -> list[str]:
        """Name each answered symbol, or label."""
        named = self.labels or self.symbols
        return [named[self.offset + number] for number in classes]

    def text(self, classes: list[int]) -> str:
        """Write an answer as a text; bytes that are no UTF-8 become replacement characters."""
        text = (" " if self.answer_words else "").join(self.names(classes))
        return text.encode("latin-1").decode(errors="replace") if self.bytes else text

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a checkpoint; fields that came later are there only where they are used."""
        plain = {**asdict(self), **{name: list(getattr(self, name)) for name in _LISTS}}
        return {name: value for name, value in plain.items() if value != _LATER.get(name)}

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a codec from plain values of a checkpoint.

        Raises ValueError when they are not what `to_dict` writes.
        """
        fields = (*_LISTS, *_TEXTS, *_FLAGS)
        if not isinstance(value, dict) or set(value) - set(fields) or set(fields) - {*value, *_LATER}:
            raise ValueError(f"a codec has the fields {', '.join(fields)}; found {value!r:.200}")
        value = _LATER | value
        for name in _LISTS:
            if not isinstance(value[name], list) or not all(isinstance(word, str) for word in value[name]):
                raise ValueError(f"a codec's {name} is a list of texts")
        if not all(isinstance(value[name], str) for name in _TEXTS):
            raise ValueError(f"a codec's {', '.join(_TEXTS)} are texts")
        if not all(isinstance(value[name], bool) for name in _FLAGS):
            raise ValueError(f"a codec's {' and '.join(_FLAGS)} are true or false")
        codec = cls(**{**value, **{name: tuple(value[name]) for name in _LISTS}})
        codec._check()
        return codec

    @cached_property
    def _typed(self) -> frozenset[str]:
        return frozenset(self.alphabet)

    @cached_property
    def _letters(self) -> frozenset[int]:
        """The tokens of characters in words that are spelled."""
        named = enumerate(self.symbols) if self.spelled else ()
        return frozenset(token for token, name in named if name.startswith(self.spelled))

    def _check(self) -> None:
        """Refuse what no task makes: marks that are missing, ambiguous, or out of their place."""
        if not self.symbols or "" in self.symbols:
            raise ValueError("a codec has at least one symbol, and none without a name")
        if self.end and not self.separator:
            raise ValueError("a codec with an end mark has a separator, after which an answer begins")
        if (self.labels or self.last) and (self.separator or self.query):
            raise ValueError("a codec with labels, or one that answers last, has no separator and no query")
        if self.bytes and self.symbols != tuple(map(chr, range(256))):
            raise ValueError("a codec of bytes has 256 symbols, in their order")
        if self.spelled and (not self.words or not self.unknown or self.separator or self.query):
            raise ValueError(
                "a codec that spells reads words, some unknown, and has no separator and no query"
            )
        if self.spelled and any(word.startswith(self.spelled) for word in (*self.alphabet, self.unknown)):
            raise ValueError("no word begins with the mark by which a codec spells")
        if self.bytes and self.words:
            raise ValueError("a codec splits a text into bytes or into words, not both")
        marks = [mark for mark in (self.separator, self.end, self.query, self.unknown) if mark]
        if missing := {*self.alphabet, *marks} - set(self.symbols):
            raise ValueError(
                f"a codec's alphabet and marks must be among its symbols; {sorted(missing)[:5]} are not"
            )
        if self.separator and (self.symbols.count(self.separator) > 1 or self.symbols[-1] != self.end):
            raise ValueError("a codec with a separator has it once, and ends with its end mark")
        typed = {*self.alphabet, self.unknown} - {""}
        if not typed:
            raise ValueError("a codec has an alphabet or an unknown symbol; nothing could be typed")
        if self.separator and max(map(self.index.__getitem__, typed)) > self.offset:
            raise ValueError("what a person may type comes before a codec's separator")

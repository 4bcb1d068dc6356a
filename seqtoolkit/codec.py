"""Between what a person types and the token ids a model reads. Plain values only, imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self


@dataclass(frozen=True)
class Codec:
    """The symbols of a task, stored in every checkpoint so that it can be used without its data.

    A prompt is typed as characters. Tasks that answer with a sequence append `separator` to it and read answers
    until `end`; tasks without an `end` answer at every `query` symbol in the prompt.
    """

    symbols: tuple[str, ...]  # the name of every token id
    alphabet: str  # what a person may type
    example: str  # a prompt to begin with
    separator: str = ""
    end: str = ""
    query: str = ""

    @cached_property
    def index(self) -> dict[str, int]:
        """Map the name of each symbol to its token id."""
        return {symbol: token for token, symbol in enumerate(self.symbols)}

    def encode(self, text: str) -> list[int]:
        """Turn what was typed into a prompt of token ids, the separator included.

        Raises ValueError that names the characters outside the alphabet.
        """
        if not text:
            raise ValueError(f"an empty input; type something such as {self.example!r}")
        if unknown := sorted(set(text) - set(self.alphabet)):
            raise ValueError(
                f"{text!r} has {' '.join(map(repr, unknown))}; this model reads only {self.alphabet}"
            )
        if self.query and self.query not in text:
            raise ValueError(f"{text!r} asks nothing; put {self.query!r} where the model should answer")
        return [self.index[symbol] for symbol in text] + (
            [self.index[self.separator]] if self.separator else []
        )

    def decode(self, tokens: list[int]) -> list[str]:
        """Name each token."""
        return [self.symbols[token] for token in tokens]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a checkpoint."""
        return {**asdict(self), "symbols": list(self.symbols)}

    @classmethod
    def from_dict(cls, value: Any) -> Self:
        """Rebuild a codec from plain values of a checkpoint.

        Raises ValueError when they are not what `to_dict` writes.
        """
        texts = ("alphabet", "example", "separator", "end", "query")
        if not isinstance(value, dict) or set(value) != {"symbols", *texts}:
            raise ValueError(f"a codec has the fields symbols, {', '.join(texts)}; found {value!r:.200}")
        symbols = value["symbols"]
        if not isinstance(symbols, list) or not all(
            isinstance(word, str) for word in [*symbols, *map(value.get, texts)]
        ):
            raise ValueError("a codec's symbols are a list of texts, and its other fields texts")
        if not symbols:
            raise ValueError("a codec has at least one symbol")
        codec = cls(**{**value, "symbols": tuple(symbols)})
        used = {
            *codec.alphabet,
            codec.separator or symbols[0],
            codec.end or symbols[0],
            codec.query or symbols[0],
        }
        if missing := used - set(symbols):
            raise ValueError(
                f"a codec's alphabet and marks must be among its symbols; {sorted(missing)} are not"
            )
        return codec

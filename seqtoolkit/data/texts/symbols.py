"""Texts as numbers: each character that training has is a symbol, or each byte."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.codec import Codec
from seqtoolkit.data.pairing.symbols import UNKNOWN

Unit = Literal["character", "byte"]
BYTES = tuple(map(chr, range(256)))
EXAMPLE = 24  # characters of the prompt to begin with


@dataclass(frozen=True)
class TextSymbols:
    """The symbols of a language model, in the order of their numbers; the last character is the unknown one."""

    codec: Codec

    @classmethod
    def of(cls, unit: Unit, texts: list[str], min_count: int = 1) -> TextSymbols:
        """Find the symbols of training texts: characters that occur `min_count` times, or all 256 bytes.

        Raises ValueError when no character occurs that often.
        """
        beginning = texts[0][: 4 * EXAMPLE]
        if unit == "byte":
            beginning = beginning.encode("latin-1").decode(errors="replace")
        example = " ".join(beginning.split())[:EXAMPLE] or "a"
        if unit == "byte":
            return cls(Codec(BYTES, BYTES, example, bytes=True))
        counts: NDArray[Any] = sum(
            (np.bincount(numbers(text), minlength=0x110000) for text in texts), np.zeros(0x110000, np.int64)
        )
        counts[ord(UNKNOWN)] = 0  # stands for itself
        known = tuple(map(chr, np.flatnonzero(counts >= min_count).tolist()))
        if not known:
            raise ValueError(
                f"no character of the training text occurs {min_count:,} times; lower --data.min_count"
            )
        return cls(Codec((*known, UNKNOWN), known, example or known[0], unknown=UNKNOWN))

    @property
    def unit(self) -> Unit:
        """What a symbol is."""
        return "byte" if self.codec.bytes else "character"

    @property
    def unknown(self) -> int | None:
        """The number of the unknown symbol."""
        return len(self.codec.symbols) - 1 if self.codec.unknown else None

    def encode(self, text: str) -> Tensor:
        """Return the numbers (N,) of the symbols of a text, in the smallest type that holds them."""
        if self.unit == "byte":
            return torch.from_numpy(np.frombuffer(bytearray(text, "latin-1"), np.uint8))
        return torch.from_numpy(self._table[numbers(text)])

    def typed(self, symbols: Tensor) -> str:
        """Return symbols as a person can type them; of bytes, without characters that were cut in two."""
        names = "".join(self.codec.decode(symbols.tolist()))
        return names.encode("latin-1").decode(errors="ignore") if self.unit == "byte" else names

    @cached_property
    def _table(self) -> NDArray[Any]:
        size = len(self.codec.symbols)
        kind = next(kind for kind in (np.uint8, np.int16, np.int32) if size <= np.iinfo(kind).max)
        table = np.full(0x110000, self.unknown, kind)
        table[[ord(symbol) for symbol in self.codec.symbols]] = np.arange(size)
        return table


def numbers(text: str) -> NDArray[np.uint32]:
    """Return the code point of each character (N,)."""
    return np.frombuffer(text.encode("utf-32-le"), "<u4")

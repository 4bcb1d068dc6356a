"""Read a user's list of words, one a line, from a file or from standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from seqtoolkit.codec import Codec


def read_words(source: str, codec: Codec) -> list[str]:
    """Read the words of the file `source` ("-": standard input) that `codec` can encode once in lower case.

    Spaces around a word, blank lines, a byte order mark and Windows line ends are ignored.
    Raises ValueError with file and line: a missing file, no words, invalid UTF-8, a strange character.
    """
    name = "standard input" if source == "-" else source
    words = []
    for number, line in enumerate(_read(source).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            if word := line.decode().strip():
                codec.encode(word.lower())
                words.append(word)
        except UnicodeDecodeError as error:
            raise ValueError(f"{name}, line {number}: not UTF-8 ({error}); save it as UTF-8") from None
        except ValueError as error:
            raise ValueError(f"{name}, line {number}: {error}") from None
    if not words:
        raise ValueError(f"{name} has no words; write one word on each line, such as {codec.example}")
    return words


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {source}: {error.strerror}; give a file of one word a line") from None

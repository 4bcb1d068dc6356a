"""How many symbols and classes the examples of alignments have."""

from __future__ import annotations

SOURCES, CLASSES = 6, 5  # source symbols; separator, three answers and the end mark
SYMBOLS = dict.fromkeys(range(SOURCES), 3)

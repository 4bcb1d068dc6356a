"""A short story in a file, for the tests of language models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqtoolkit.data.text import TextData

STORY = "The cat sat.\nThe dog ran; the cat ran.\n" * 60


def write(folder: Path, data: str | bytes, name: str = "story.txt") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def small(file: str | None, **options: Any) -> TextData:
    return TextData(file, **{"window": 8, "batch_size": 4, **options})

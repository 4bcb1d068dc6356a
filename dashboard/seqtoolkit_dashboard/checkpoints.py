"""Open checkpoints and look inside. The only place here that imports torch, and only when it is asked to."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from seqtoolkit_dashboard.cache import Stamp, stamp

if TYPE_CHECKING:
    from seqtoolkit.checkpoint import Checkpoint
    from seqtoolkit.inspection import Inspection

TEXT_LIMIT = 512  # characters: influence takes one forward pass for each of them
_one_at_a_time = Lock()  # other pages have threads of their own; two openings would only fight for the cores


def look(path: Path, text: str) -> tuple[str, Inspection]:
    """Run a checkpoint on a text, or on its own example without one; return the text and what was seen.

    Raises ValueError with one message for a person: a bad file, a missing plugin, a text it cannot read.
    """
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"the input has {len(text):,} characters; this page reads at most {TEXT_LIMIT}")
    with _one_at_a_time:
        version = stamp(path)
        typed = text or _load(path, version).codec.example
        return typed, _inspect(path, version, typed)


@lru_cache(maxsize=3)
def _load(path: Path, version: Stamp) -> Checkpoint:
    from seqtoolkit.checkpoint import load

    try:
        return load(path)
    except ValueError:
        raise
    except Exception as error:  # a broken plugin raises whatever it likes
        raise ValueError(f"{path.name} cannot be opened: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=16)
def _inspect(path: Path, version: Stamp, text: str) -> Inspection:
    from seqtoolkit.inspection import inspect

    return inspect(_load(path, version), text)

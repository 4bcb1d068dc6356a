"""Open checkpoints and look inside. The only place here that imports torch, and only when it is asked to."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from random import Random
from threading import Lock
from typing import TYPE_CHECKING

from seqtoolkit_dashboard.cache import Stamp, stamp

if TYPE_CHECKING:
    from seqtoolkit.alignment_inspection import AlignmentInspection
    from seqtoolkit.checkpoint import Checkpoint
    from seqtoolkit.codec import Codec
    from seqtoolkit.gates_inspection import GatesInspection, Side
    from seqtoolkit.inspection import Inspection

TEXT_LIMIT = 512  # characters: influence takes one forward pass for each of them
MAX_BEAMS = 16
one_at_a_time = Lock()  # other pages have threads of their own; two openings would only fight for the cores


def look(path: Path, text: str) -> tuple[str, Inspection]:
    """Run a checkpoint on a text, or on its own example without one; return the text and what was seen.

    Raises ValueError with one message for a person: a bad file, a missing plugin, a text it cannot read.
    """
    with one_at_a_time:
        version, typed = _typed(path, text)
        return typed, _inspect(path, version, typed)


def align(
    path: Path, text: str, beams: int, forced: tuple[str, ...] | None = None
) -> tuple[str, AlignmentInspection]:
    """Let a checkpoint answer as `look` does, or read the answer `forced`, and see where it looks in the source."""
    with one_at_a_time:
        version, typed = _typed(path, text)
        return typed, _align(path, version, typed, min(max(beams, 1), MAX_BEAMS), forced)


def gates(path: Path, text: str, sample: int, side: Side) -> tuple[str, GatesInspection]:
    """Let a checkpoint read a text, or `sample` drawn symbols instead, as `look` does, and see its gates."""
    with one_at_a_time:
        version, typed = _typed(path, text)
        if sample > 0:
            typed = _drawn(opened(path, version).codec, min(sample, TEXT_LIMIT))
        return typed, _gates(path, version, typed, side)


def _drawn(codec: Codec, count: int) -> str:
    """Draw symbols that may be typed, always the same ones; a task that must be asked is asked at the end."""
    drawn = Random(0).choices([symbol for symbol in codec.alphabet if symbol != codec.query], k=count)
    return (" " if codec.words else "").join([*drawn, *([codec.query] if codec.query else [])])


def _typed(path: Path, text: str) -> tuple[Stamp, str]:
    """Return the version of a file, and the text or the file's own example."""
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"the input has {len(text):,} characters; this page reads at most {TEXT_LIMIT}")
    version = stamp(path)
    return version, text or opened(path, version).codec.example


@lru_cache(maxsize=3)
def opened(path: Path, version: Stamp) -> Checkpoint:
    """Return a checkpoint, kept while its file has this stamp; hold `one_at_a_time`. Raises ValueError as `look`."""
    import torch

    from seqtoolkit.checkpoint import load

    torch.set_num_threads(
        1
    )  # beside training, two threads that wait for each other are many times slower than one
    try:
        return load(path)
    except ValueError:
        raise
    except Exception as error:  # a broken plugin raises whatever it likes
        raise ValueError(f"{path.name} cannot be opened: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=16)
def _inspect(path: Path, version: Stamp, text: str) -> Inspection:
    from seqtoolkit.encoder_decoder import EncoderDecoder
    from seqtoolkit.inspection import Inspection, inspect

    checkpoint = opened(path, version)
    if not isinstance(checkpoint.model, EncoderDecoder):
        return inspect(checkpoint, text)
    seen = _align(path, version, text, 1, None)
    return Inspection(
        inputs=seen.source,
        rows=seen.target,
        positions=[len(seen.source) - 1] * len(seen.target),  # every row reads the whole source
        layers=[] if seen.weights is None else [0],
        attention=[] if seen.weights is None else [seen.weights],
        influence=seen.influence,
        agreement=[found] if (found := seen.faithfulness()) is not None else [],
    )


@lru_cache(maxsize=32)
def _align(
    path: Path, version: Stamp, text: str, beams: int, forced: tuple[str, ...] | None
) -> AlignmentInspection:
    from seqtoolkit.alignment_inspection import inspect_alignment

    return inspect_alignment(opened(path, version), text, forced, beams)


@lru_cache(maxsize=16)
def _gates(path: Path, version: Stamp, text: str, side: Side) -> GatesInspection:
    from seqtoolkit.gates_inspection import inspect_gates

    return inspect_gates(opened(path, version), text, side)

"""Look into a checkpoint: with what is typed, or, where it reads numbers, with an example of its run's own data."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from seqtoolkit_dashboard import checkpoints
from seqtoolkit_dashboard.cache import Stamp, stamp

if TYPE_CHECKING:
    from seqtoolkit.gates_inspection import GatesInspection, Side
    from seqtoolkit.inspection import Inspection

FIRST = "val 0"  # what is read of a model of numbers where nothing is chosen: the first example of validation


def look(path: Path, text: str) -> tuple[str, Inspection]:
    """Do what `checkpoints.look` does; of a model of numbers `text` names an example (see `open_example`)."""
    if not reads_numbers(path):
        return checkpoints.look(path, text)
    name = text or FIRST
    with checkpoints.one_at_a_time:
        return name, _inspect(path, stamp(path), name)


def gates(path: Path, text: str, sample: int, side: Side) -> tuple[str, GatesInspection]:
    """Do what `checkpoints.gates` does; of a model of numbers `text` names an example, and nothing is drawn."""
    if not reads_numbers(path):
        return checkpoints.gates(path, text, sample, side)
    name = text or FIRST
    with checkpoints.one_at_a_time:
        return name, _gates(path, stamp(path), name)


def reads_numbers(path: Path) -> bool:
    """Say whether nothing can be typed for a checkpoint. Raises ValueError for a bad file."""
    with checkpoints.one_at_a_time:
        return "codec" not in checkpoints.opened(path, stamp(path)).described.spec


@lru_cache(maxsize=16)
def _inspect(path: Path, version: Stamp, name: str) -> Inspection:
    from seqtoolkit.example_opening import open_example
    from seqtoolkit.inspection import inspect_example

    checkpoint = checkpoints.opened(path, version)
    return inspect_example(checkpoint, open_example(checkpoint, name))


@lru_cache(maxsize=16)
def _gates(path: Path, version: Stamp, name: str) -> GatesInspection:
    from seqtoolkit.example_opening import open_example
    from seqtoolkit.gates_inspection import inspect_example_gates

    checkpoint = checkpoints.opened(path, version)
    return inspect_example_gates(checkpoint, open_example(checkpoint, name))

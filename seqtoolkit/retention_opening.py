"""Open a checkpoint to measure it, and hold the measurements of its run meanwhile: one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from seqtoolkit import checkpoint as checkpoints
from seqtoolkit.checkpoint import Checkpoint
from seqtoolkit.probes import digest_of
from seqtoolkit.retention_options import Options
from seqtoolkit.retention_session import Session
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import find_checkpoint

TRIES = 5  # to read a checkpoint that a training replaces meanwhile


@contextmanager
def open_session(path: Path, options: Options) -> Iterator[Session]:
    """Open a checkpoint, or the best one of a run, and hold the measurements of its run.

    A run may be trained meanwhile: the weights are those of the file as it was opened.

    Raises ValueError: there is none, it is no checkpoint, or another process measures the run; the run cannot be
    written to.
    """
    file = find_checkpoint(path)
    run = file.resolve().parent.parent
    of_run = (run / "run.json").is_file() and file.resolve().parent.name == "checkpoints"
    folder = RunFolder(run) if of_run else None
    checkpoint, digest = load(file)
    try:
        with nullcontext() if folder is None else folder.probes.held():
            yield Session(checkpoint, digest, folder, options)
    except OSError as error:
        raise ValueError(
            f"{run} cannot be written to ({error.strerror or error}), and curves are stored there: copy the run,"
            " or copy the checkpoint out of it and measure that"
        ) from None


def load(file: Path) -> tuple[Checkpoint, str]:
    """Open a checkpoint, and say what it is: the beginning of its sha256. Both are of the same file.

    Raises ValueError when it is none, or is replaced again and again meanwhile.
    """
    for _ in range(TRIES):
        before = _identity(file)
        checkpoint, digest = checkpoints.load(file), digest_of(file)
        if _identity(file) == before:
            return checkpoint, digest
    raise ValueError(
        f"{file} is replaced faster than it can be read; copy it out of the run and measure that"
    )


def _identity(file: Path) -> tuple[int, ...]:
    """Return what changes when a file is replaced; nothing when there is none."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size

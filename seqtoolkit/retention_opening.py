"""Open a checkpoint to measure it, and hold its run meanwhile: one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqtoolkit import checkpoint as checkpoints
from seqtoolkit.retention_options import Options
from seqtoolkit.retention_session import Session
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import read_run


@contextmanager
def open_session(path: Path, options: Options) -> Iterator[Session]:
    """Open a checkpoint, or the best one of a run, and hold its run while it is measured.

    Raises ValueError: there is none, it is no checkpoint, or another process holds the run; OSError: the run cannot
    be written to.
    """
    file = find(path)
    checkpoint, run = checkpoints.load(file), file.resolve().parent.parent
    folder = (
        RunFolder(run)
        if (run / "run.json").is_file() and file.resolve().parent.name == "checkpoints"
        else None
    )
    try:
        if folder is not None:
            _hold(folder)
            (run / "probes" / file.stem).mkdir(parents=True, exist_ok=True)
        yield Session(checkpoint, folder, options)
    except OSError as error:
        raise ValueError(
            f"{run} cannot be written to ({error.strerror or error}), and curves are stored there: copy the run,"
            " or copy the checkpoint out of it and measure that"
        ) from None
    finally:
        if folder is not None:
            folder.close()


def _hold(folder: RunFolder) -> None:
    try:
        folder.open(create=False)
    except ValueError:
        raise ValueError(
            f"{folder.path} is being trained or measured by another process: wait until it ends, or copy the"
            " checkpoint out of the run and measure that"
        ) from None


def find(path: Path) -> Path:
    """Return the file of a checkpoint, or that of a run's best (else last) one.

    Raises ValueError when there is none.
    """
    if not path.is_dir():
        return path
    found = read_run(path).checkpoints if (path / "run.json").is_file() else []
    if not found:
        raise ValueError(
            f"{path} holds no checkpoint; expected a run folder such as runs/RUN, or runs/RUN/checkpoints/best.ckpt"
        )
    return found[0]

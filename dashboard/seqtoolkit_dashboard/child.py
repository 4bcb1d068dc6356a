"""`python -m seqtoolkit_dashboard.child ...` is `seqtoolkit ...`, but makes way for others and ends with its parent."""

from __future__ import annotations

import os
import sys
from threading import Thread


def main() -> int:
    """Run a command of seqtoolkit until it ends, or until the other end of standard input is closed."""
    Thread(target=_end_with_parent, daemon=True).start()
    os.nice(10)
    from seqtoolkit.cli import main as command

    return command(sys.argv[1:])


def _end_with_parent() -> None:
    """Wait for the end of standard input, which comes however the parent dies; probes are written atomically."""
    while os.read(0, 1):  # not sys.stdin: its lock would be held while the interpreter shuts down
        pass
    os._exit(130)


if __name__ == "__main__":
    raise SystemExit(main())

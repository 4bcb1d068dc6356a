"""Data files that are shipped with the package: read only when they are what was shipped."""

from __future__ import annotations

import lzma
from pathlib import Path

from seqtoolkit.data.opened import sha256_of


def check_shipped(file: Path, sha256: str) -> str:
    """Return the path of a file that was shipped with seqtoolkit.

    Raises ValueError when it is not the one that was shipped.
    """
    found = sha256_of(str(file), "a file of seqtoolkit")
    if found != sha256:
        raise ValueError(
            f"{file} is damaged: its sha256 is {found[:12]}…, expected {sha256[:12]}…;"
            " reinstall with: pip install --force-reinstall --no-deps seqtoolkit"
        )
    return str(file)


def unpack(file: Path, sha256: str) -> bytes:
    """Return the content of an xz file. Raises as `check_shipped` does."""
    return lzma.decompress(Path(check_shipped(file, sha256)).read_bytes())

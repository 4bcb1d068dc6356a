"""Data files that are shipped with the package: read whole, and only when they are what was shipped."""

from __future__ import annotations

import hashlib
import lzma
from pathlib import Path


def unpack(file: Path, sha256: str) -> bytes:
    """Return the content of an xz file.

    Raises ValueError when it is not the one that was shipped.
    """
    packed = file.read_bytes()
    if (found := hashlib.sha256(packed).hexdigest()) != sha256:
        raise ValueError(
            f"{file} is damaged: its sha256 is {found[:12]}…, expected {sha256[:12]}…;"
            " reinstall with: pip install --force-reinstall --no-deps seqtoolkit"
        )
    return lzma.decompress(packed)

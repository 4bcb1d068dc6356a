"""Texts from a file or from all files of a folder: UTF-8, whole, with what each file was (its sha256)."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class TextFile:
    """The content of a file."""

    name: str  # as it was given, or below the folder that was given
    data: bytes

    @property
    def sha256(self) -> str:
        """Identify the content."""
        return hashlib.sha256(self.data).hexdigest()

    def text(self, instead: str = "") -> str:
        """Return the text without a byte order mark, its lines ended by line feeds alone.

        Raises ValueError with the file and the line that is not UTF-8, and what may be done instead of mending it.
        """
        try:
            text = self.data.removeprefix(_BOM).decode()
        except UnicodeDecodeError as error:
            before = self.data.removeprefix(_BOM)[: error.start]
            raise ValueError(
                f"{self.name}, line {before.count(10) + 1:,}: not UTF-8 ({error.reason},"
                f" 0x{self.data.removeprefix(_BOM)[error.start]:02x} at byte {error.start - before.rfind(10)});"
                f" save it as UTF-8{instead}"
            ) from None
        return text.replace("\r\n", "\n")


def read_texts(path: str, suffix: str = ".txt") -> list[TextFile]:
    """Read a file, or the files of a folder and its subfolders that end in `suffix`, in the order of their names.

    Files whose name, or whose folder's, begins with a dot are not read. An empty file of a folder is left out.

    Raises ValueError when nothing can be read.
    """
    root = Path(path)
    try:
        files = [TextFile(path, root.read_bytes())] if not root.is_dir() else _folder(root, suffix)
    except OSError as error:
        raise ValueError(
            f"cannot read {error.filename or path}: {error.strerror}; give a text file, or a folder of them"
        ) from None
    kept = [file for file in files if file.data.removeprefix(_BOM)]
    if not kept:
        raise ValueError(f"{path} is empty; give a text file, or a folder of them")
    return kept


def _folder(root: Path, suffix: str) -> list[TextFile]:
    every = [file.relative_to(root) for file in root.rglob("*") if file.is_file()]
    seen = sorted(file for file in every if not any(part.startswith(".") for part in file.parts))
    if not seen:
        raise ValueError(f"the folder {root} has no files; expected text files that end in {suffix!r}")
    chosen = [file for file in seen if file.name.endswith(suffix)]
    if not chosen:
        kind = Counter(file.suffix for file in seen).most_common(1)[0][0]
        raise ValueError(
            f"none of the {len(seen):,} files in {root} ends in {suffix!r}; most end in {kind!r}:"
            f" give --data.suffix {kind!r}"
        )
    return [TextFile(str(root / file), (root / file).read_bytes()) for file in chosen]

"""Open a table: which format it has, which columns, and the sha256 that tells whether it has changed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from seqtoolkit.data.tabular.tables import FORMATS, TableFile, first_line, polars

if TYPE_CHECKING:
    from polars import LazyFrame

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")  # what a cell without a value may say
SAMPLE = 1_000  # rows that the types of a CSV are guessed from
Content = bytes | Path


def open_table(source: str, separator: str | None = None) -> TableFile:
    """Find out what a file holds, or what comes from standard input (-): its format, its columns, its sha256.

    A CSV may be divided by commas, semicolons, tabs or bars: by what its first line has most of. A file whose name
    ends in .gz is unpacked in memory.
    Raises ValueError when there is no such file, it is empty, cut short, or not a table.
    """
    pl = polars()
    name, content = _content(source)
    with _open(content) as file:
        start = file.read(8)
    if not start.strip(b"\xef\xbb\xbf \t\r\n"):
        raise ValueError(f"{name} is empty; expected {FORMATS}")
    sha256 = _sha256(content)
    try:
        for magic, scan in ((b"PAR1", pl.scan_parquet), (b"ARROW1", pl.scan_ipc)):
            if start.startswith(magic):
                types = dict(scan(_source(content)).collect_schema())
                return TableFile(name, sha256, types, partial(_binary, scan, content), str)
        return _csv(content, name, sha256, separator or _separator(content))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{name} cannot be read as {FORMATS}: {first_line(error)}") from None


def _content(source: str) -> tuple[str, Content]:
    if source == "-":
        return "standard input", sys.stdin.buffer.read()
    path = Path(source)
    if path.is_file():
        return source, _unpacked(path) if source.endswith(".gz") else path
    what = "it is a folder" if path.is_dir() else "there is no such file"
    raise ValueError(f"cannot read {source}: {what}; expected {FORMATS}")


def _unpacked(path: Path) -> bytes:
    """Read a packed table into memory."""
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"cannot read {path}: {error}; expected {FORMATS}, packed by gzip") from None


def _open(content: Content) -> BinaryIO:
    try:
        return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    except OSError as error:
        raise ValueError(f"cannot read {content!s}: {error.strerror}; expected {FORMATS}") from None


def _sha256(content: Content) -> str:
    with _open(content) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _source(content: Content) -> io.BytesIO | Path:
    return io.BytesIO(content) if isinstance(content, bytes) else content


def _binary(scan: Callable[..., LazyFrame], content: Content, known: dict[str, Any]) -> LazyFrame:
    return scan(_source(content))


def _csv(content: Content, name: str, sha256: str, separator: str) -> TableFile:
    """Guess the types of the columns from the first rows; what they are read as is said when they are read."""
    pl = polars()
    options: dict[str, Any] = {"separator": separator, "null_values": list(MISSING)}
    try:
        head = next(_rows(content, separator))
    except csv.Error as error:
        raise ValueError(
            f"{name} cannot be read as {FORMATS}: its first line is no header ({error})"
        ) from None
    check_names(name, head)
    damage = partial(_ragged, content, separator, len(head))
    try:
        sample = pl.read_csv(_source(content), n_rows=SAMPLE, infer_schema_length=SAMPLE, **options)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{name} cannot be read: {damage() or first_line(error)}") from None
    types = {  # a column without a value in its first rows may be of any type: numbers are the first guess
        column: pl.Float64 if sample[column].null_count() == len(sample) else kind
        for column, kind in sample.schema.items()
    }
    texts = dict.fromkeys(types, pl.String)

    def scan(known: dict[str, Any]) -> LazyFrame:
        frame: LazyFrame = pl.scan_csv(_source(content), schema_overrides=texts | known, **options)
        return frame

    return TableFile(name, sha256, types, scan, damage)


def check_names(name: str, head: list[str]) -> None:
    """Raise ValueError when two columns of a file have the same name."""
    if twice := [column for column, count in Counter(head).items() if count > 1]:
        raise ValueError(
            f"{name} has two columns of the name {twice[0]!r:.80}; give each column a name of its own"
        )


def _ragged(content: Content, separator: str, width: int) -> str:
    """Find the first row that has more cells than the header."""
    with suppress(csv.Error):  # a cell beyond all measure is not what is looked for
        for number, row in enumerate(_rows(content, separator)):
            if len(row) > width:
                return f"row {number:,} has {len(row)} cells; expected {width}, as many as the header"
    return ""


def _rows(content: Content, separator: str) -> Iterator[list[str]]:
    with _open(content) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
        yield from csv.reader(text, delimiter=separator)


def _separator(content: Content) -> str:
    with _open(content) as file:
        return separator_of(file.readline(1 << 20).decode(errors="replace"))


def separator_of(line: str) -> str:
    """Take what stands most often in the first line of a CSV."""
    return max(",;\t|", key=line.count)

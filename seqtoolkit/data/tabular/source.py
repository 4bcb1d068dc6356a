"""Open a table: which format it has, which columns, and the sha256 that tells whether it has changed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from seqtoolkit.data.tabular.damage import Content, csv_rows, damage, encoding, opened
from seqtoolkit.data.tabular.tables import FORMATS, TableFile, first_line, polars

if TYPE_CHECKING:
    from polars import LazyFrame, Series

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")  # what a cell without a value may say
SAMPLE = 1_000  # rows that the types of a CSV are guessed from
ARROW_STREAM = b"\xff\xff\xff\xff"
BINARY = {b"PAR1": "Parquet", b"ARROW1": "Arrow"}  # how their files begin


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
    if start.startswith(ARROW_STREAM):
        raise ValueError(
            f"{name} is an Arrow stream; save it as an Arrow file (polars: write_ipc) or as Parquet"
        )
    sha256 = _sha256(content)
    kind = next((kind for magic, kind in BINARY.items() if start.startswith(magic)), "")
    if not kind:
        return _csv(content, name, sha256, separator or _separator(content))
    scan = partial(_binary, pl.scan_parquet if kind == "Parquet" else pl.scan_ipc, content)
    try:
        return TableFile(name, sha256, dict(scan({}).collect_schema()), scan, str)
    except pl.exceptions.PolarsError as error:
        raise ValueError(
            f"{name} begins as a file of {kind}, and cannot be read as one: {first_line(error)}."
            " Is it cut off? Copy or write it again"
        ) from None


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
        return opened(content)
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
    if wrong := encoding(content, lines=1):
        raise ValueError(f"{name} cannot be read: {wrong}")
    try:
        head = next(csv_rows(content, separator))
    except csv.Error as error:
        raise ValueError(
            f"{name} cannot be read as {FORMATS}: its first line is no header ({error})"
        ) from None
    check_names(name, head)
    what = partial(damage, content, separator, len(head))
    try:
        schema = pl.scan_csv(_source(content), infer_schema_length=SAMPLE, **options).collect_schema()
        # as texts: a later row that is read along may be of another type than the first ones
        sample = pl.read_csv(_source(content), n_rows=SAMPLE, infer_schema=False, **options)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{name} cannot be read: {what() or first_line(error)}") from None
    types = {  # a column without a value in its first rows may be of any type: numbers are the first guess
        column: pl.Float64 if kind == pl.String and _may_be_numbers(sample[column]) else kind
        for column, kind in schema.items()
    }
    texts = dict.fromkeys(types, pl.String)

    def scan(known: dict[str, Any]) -> LazyFrame:
        frame: LazyFrame = pl.scan_csv(_source(content), schema_overrides=texts | known, **options)
        return frame

    return TableFile(name, sha256, types, scan, what)


def _may_be_numbers(texts: Series) -> bool:
    """Say whether all cells that have a value are numbers behind spaces, as after a comma and a space."""
    numbers = texts.str.strip_chars_start(" ").cast(polars().Float64, strict=False)
    return bool(numbers.null_count() == texts.null_count())


def check_names(name: str, head: list[str]) -> None:
    """Raise ValueError when two columns of a file have the same name. One may have none, which nobody can ask for."""
    if twice := [column for column, count in Counter(head).items() if count > 1]:
        raise ValueError(
            f"{name} has two columns of the name {twice[0]!r:.80}; give each column a name of its own"
        )


def _separator(content: Content) -> str:
    with _open(content) as file:
        return separator_of(file.readline(1 << 20).decode(errors="replace"))


def separator_of(line: str) -> str:
    """Take what stands most often in the first line of a CSV."""
    return max(",;\t|", key=line.count)

"""Texts with a label each: TSV, CSV or JSON lines with columns by name, or a folder with a folder for each class."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, cast

from seqtoolkit.data.lines import MAX_LINE, BadLine, BadLines, OnBadLine, Readable, decode, lines
from seqtoolkit.data.opened import opened, sha256_of
from seqtoolkit.data.texts.files import read_texts

EXPECTED = "a .tsv, .csv or .jsonl file with a text and a label, or a folder with a folder for each class"
_JSON = (".jsonl", ".ndjson", ".json")
_HALF = re.compile("[\ud800-\udfff]")  # of a pair that stands for one character


class Row(NamedTuple):
    """One text, its label, and where it is: the number of its line; 0 for a file of its own."""

    text: str
    label: str
    line: int


class Columns(NamedTuple):
    """The names of the columns."""

    text: str
    label: str


Check = Callable[[Row], None]  # raises BadLine for a row that the task cannot use


def read_rows(
    path: str, columns: Columns, check: Check, on_bad_line: OnBadLine = "error", suffix: str = ".txt"
) -> tuple[list[Row], str]:
    """Return the rows of a file or a folder, in its order, and a sha256 of what was read.

    A byte order mark and Windows line ends are fine. TSV has no quoting, CSV has double quotes.

    Raises ValueError: nothing can be read, a column is missing, or a row is bad and is not to be skipped.
    """
    if Path(path).is_dir():
        return _folder(path, suffix, check, on_bad_line)
    kind = Path(path).suffix.lower()
    if kind not in (".tsv", ".csv", *_JSON):
        raise ValueError(f"{path} ends in {kind!r}; expected {EXPECTED}")
    bad, rows, last = BadLines(path, on_bad_line), list[Row](), 0
    read = _json if kind in _JSON else _tsv if kind == ".tsv" else _csv
    with opened(path, EXPECTED) as file:
        numbered = enumerate((line for some in lines(cast(Readable, file)) for line in some), 1)
        for row in read(path, _decoded(numbered, bad), columns, bad):
            last = row.line
            try:
                _whole(row)
                check(row)
                rows.append(row)
            except BadLine as error:
                bad.found(row.line, error)
    bad.report(last)
    if not rows:
        raise ValueError(f"{path} has no rows" + (" left" if bad.kinds else "") + f"; expected {EXPECTED}")
    return rows, sha256_of(path, EXPECTED)


def refuse_table(inputs: str) -> None:
    """Raise ValueError for a table of texts where a text on each line is read: its header and labels would be texts."""
    if Path(inputs).suffix.lower() in (".tsv", ".csv", *_JSON):
        raise ValueError(
            f"{inputs} is called like a table, and `predict` reads a text on each line: write the texts alone, without"
            " a header and labels, to a file such as texts.txt"
        )


def _whole(row: Row) -> None:
    for name, cell in (("text", row.text), ("label", row.label)):
        if not cell.strip():
            raise BadLine(f"an empty {name}", "; expected a text and a label in each row")


def _decoded(numbered: Iterator[tuple[int, bytes]], bad: BadLines) -> Iterator[tuple[int, str]]:
    """Yield the lines that are text, with their numbers."""
    for number, line in numbered:
        try:
            yield number, decode(line)
        except BadLine as error:
            bad.found(number, error)


def _tsv(path: str, found: Iterator[tuple[int, str]], columns: Columns, bad: BadLines) -> Iterator[Row]:
    head = next((line for _, line in found), "").split("\t")
    where = _places(path, head, columns)
    for number, line in found:
        row = _row(line.split("\t"), len(head), where, number, bad)
        if line.strip() and row is not None:
            yield row


def _csv(path: str, found: Iterator[tuple[int, str]], columns: Columns, bad: BadLines) -> Iterator[Row]:
    """Read cells that may be quoted, and have line ends inside quotes; a row is known by its last line."""
    csv.field_size_limit(MAX_LINE)
    at = [0]

    def texts() -> Iterator[str]:
        for at[0], line in found:
            yield line + "\n"

    reader = csv.reader(texts(), strict=True)
    try:
        head = next(reader, [])
        where = _places(path, head, columns)
        for cells in reader:
            if any(cells) and (row := _row(cells, len(head), where, at[0], bad)) is not None:
                yield row
    except csv.Error as error:
        raise ValueError(
            f"{path}, line {at[0]}: not CSV ({error}); put a cell with a comma or a line end in double quotes,"
            " and write a quote inside it twice"
        ) from None


def _row(cells: list[str], width: int, where: tuple[int, int], number: int, bad: BadLines) -> Row | None:
    if len(cells) == width:
        return Row(cells[where[0]], cells[where[1]].strip(), number)
    if any(cell.strip() for cell in cells):
        bad.found(number, BadLine("another number of columns", f", {len(cells)}; the first line has {width}"))
    return None


def _places(path: str, head: list[str], columns: Columns) -> tuple[int, int]:
    names = [name.strip() for name in head]
    for name, option in zip(columns, Columns._fields, strict=True):
        if names.count(name) != 1:
            near = ", ".join(map(repr, get_close_matches(name, names, 3, 0.5) or names[:10]))
            raise ValueError(
                f"{path}, line 1: {names.count(name) or 'no'} columns are called {name!r}; the line has {near}:"
                f" name the columns in the first line, and say which to read: --data.{option} NAME"
            )
    return names.index(columns.text), names.index(columns.label)


def _json(path: str, found: Iterator[tuple[int, str]], columns: Columns, bad: BadLines) -> Iterator[Row]:
    for number, line in found:
        try:
            if line.strip():
                yield Row(*_fields(line, columns), number)
        except BadLine as error:
            bad.found(number, error)


def _fields(line: str, columns: Columns) -> tuple[str, str]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine("not JSON", f" ({error!s:.80}); expected an object on each line") from None
    if not isinstance(value, dict):
        raise BadLine("no JSON object", f" but {line!r:.40}; expected an object on each line")
    for name, option in zip(columns, Columns._fields, strict=True):
        if not isinstance(value.get(name), (str, int, float)):
            raise BadLine(
                f"no {name!r} that is a text or a number",
                f" among {', '.join(map(repr, list(value)[:10]))}; say which to read: --data.{option} NAME",
            )
    found = str(value[columns.text]), str(value[columns.label])
    if any(map(_HALF.search, found)):
        raise BadLine("half a character", ", a \\u escape from d800 to dfff without its other half")
    return found


def _folder(path: str, suffix: str, check: Check, on_bad_line: OnBadLine) -> tuple[list[Row], str]:
    """Read every file below a folder that is called as its class."""
    classes = sorted(each.name for each in Path(path).iterdir() if each.is_dir() and each.name[:1] != ".")
    if not classes:
        raise ValueError(f"the folder {path} has no folders; expected {EXPECTED}")
    rows, digest, left_out = list[Row](), hashlib.sha256(), list[str]()
    for name in classes:
        for file in read_texts(str(Path(path) / name), suffix):
            digest.update(f"{name} {file.sha256}\n".encode())
            try:
                row = Row(file.text(), name, 0)
                _whole(row)
                check(row)
                rows.append(row)
            except ValueError as error:
                said = str(error) if str(error).startswith(file.name) else f"{file.name}: {error}"
                if on_bad_line == "error":
                    raise ValueError(
                        f"{said}. Mend it, or leave out such files: --data.on_bad_line skip"
                    ) from None
                left_out.append(said)
    if left_out and os.environ.get("LOCAL_RANK", "0") == "0":
        print(f"seqtoolkit: {path}: {len(left_out):,} files skipped (first: {left_out[0]})", file=sys.stderr)
    if not rows:
        raise ValueError(f"{path} has no texts left; expected {EXPECTED}")
    return rows, digest.hexdigest()

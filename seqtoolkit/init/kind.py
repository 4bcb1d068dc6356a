"""Which form a file has: by its first bytes, then by its name, then by its first lines. Reads no more than a sample."""

from __future__ import annotations

import codecs
import csv
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

from seqtoolkit.data.opened import opened

SAMPLE = 1 << 18  # bytes
KINDS = (
    "a CSV, TSV, Parquet or Arrow table, .ts, .npz, IDX images, a TSV of pairs, JSON lines, CoNLL, UTF-8 text, or a"
    " folder of texts"
)
_MAGIC = {b"PAR1": "table", b"ARROW1": "table", b"PK\x03\x04": "npz"}
_OTHERS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"%PDF": "a PDF",
    b"MThd": "a MIDI file",
    b"\x93NUMPY": "a single NumPy array (.npy); save x and y together: numpy.savez(FILE, x=..., y=...)",
    b"\x80\x04": "a Python pickle, which is never opened",
    b"\x80\x05": "a Python pickle, which is never opened",
    b"\x89HDF": "an HDF5 file",
    b"SQLite": "an SQLite data base",
    b"MATLAB 7.3": "a MATLAB file of version 7.3; save it as version 7: save('FILE.mat', 'x', '-v7')",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
}
_NAMES = {
    ".ts": "ts",
    ".jsonl": "json",
    ".ndjson": "json",
    ".conllu": "conll",
    ".conll": "conll",
    ".bio": "conll",
    ".csv": "cells",  # even of one column
}


def kind_of(path: str) -> tuple[str, list[str]]:
    """Return table, npz, idx, mat, ts, json, conll, pairs, cells, text or folder, and the first lines of a text.

    `cells` are columns between tabs, commas, semicolons or bars.

    Raises ValueError: there is no such file, it is empty, or of a kind that is not read.
    """
    if Path(path).is_dir():
        return "folder", []
    with opened(path, KINDS) as file:
        start = file.read(SAMPLE)
    if not start.strip(b"\xef\xbb\xbf \t\r\n"):
        raise ValueError(f"{path} is empty; expected {KINDS}")
    if known := next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None):
        return known, []
    if start[:2] == b"\0\0" and len(start) > 4 and start[2] in (8, 9, 11, 12, 13, 14) and 1 <= start[3] <= 4:
        return "idx", []
    if start.startswith(b"MATLAB 5.0"):
        return "mat", []
    lines = _lines(path, start)
    bare = path.removesuffix(".gz").removesuffix(".xz")
    return _NAMES.get(Path(bare).suffix.lower()) or _by_lines(lines), lines


def _lines(path: str, start: bytes) -> list[str]:
    """Return the whole lines of a sample.

    Raises ValueError for what is no text, or one of spaces only.
    """
    if found := next((name for magic, name in _OTHERS.items() if start.startswith(magic)), None):
        raise ValueError(f"{path} is {found}; expected {KINDS}")
    if b"\0" in start:
        raise ValueError(f"{path} is binary, and of no known kind; expected {KINDS}")
    is_cut = len(start) == SAMPLE
    try:  # of a sample, the last character may be cut
        text, _ = codecs.utf_8_decode(start.removeprefix(codecs.BOM_UTF8), "strict", not is_cut)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line:,}: not UTF-8; save it as UTF-8. Expected {KINDS}") from None
    lines = ((is_cut and text[: text.rfind("\n") + 1]) or text).splitlines()
    if not any(map(str.strip, lines)):
        raise ValueError(f"{path} is empty; expected {KINDS}")
    return lines


def _by_lines(lines: list[str]) -> str:
    filled = [line for line in lines if line.strip()]
    if any(line.strip().lower() == "@data" for line in filled):
        return "ts"
    if filled[0].startswith("{") and _is_json(filled[0]):
        return "json"
    if _is_conll(lines):
        return "conll"
    for mark in "\t,;|":
        counts = Counter(_marks(line, mark) for line in filled)
        columns, times = counts.most_common(1)[0]
        if columns and times >= 0.95 * len(filled) and len(filled) > 1:
            return "pairs" if mark == "\t" and columns == 1 else "cells"
    return "text"


def _marks(line: str, mark: str) -> int:
    """Count the marks between cells; those inside quotes are text."""
    if mark == "\t" or '"' not in line:
        return line.count(mark)
    try:
        return len(next(csv.reader([line], delimiter=mark))) - 1
    except csv.Error:  # such as a cell that is longer than the module reads
        return line.count(mark)


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _is_conll(lines: list[str]) -> bool:
    """Say whether blank lines part blocks of a token a line, each with as many columns, the last a tag of few."""
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    blocks = sum(not line.strip() and bool(before.strip()) for before, line in pairwise(lines))
    widths = {len(row) for row in rows}
    if not blocks or len(widths) != 1 or widths.pop() < 2 or len(rows) < 2 * blocks:
        return False
    tags = {row[-1] for row in rows}
    return len(tags) <= max(2, min(100, len(rows) // 2))

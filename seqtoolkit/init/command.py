"""`seqtoolkit init FILE`: what is in a file, which task that may be, and a configuration that trains on it."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import Any

from seqtoolkit.files import write_atomically
from seqtoolkit.init.kind import kind_of
from seqtoolkit.init.seen import CHECKED, Seen
from seqtoolkit.retention_options import Parser

READERS = {  # of each kind: the function that looks at it
    "table": "table.table",
    "cells": "table.cells",
    "pairs": "pairs.pairs",
    "ts": "arrays.ts",
    "npz": "arrays.npz",
    "idx": "arrays.idx",
    "mat": "arrays.mat",
    "json": "text.json_lines",
    "conll": "text.conll",
    "text": "text.text",
    "folder": "text.folder",
}


def main(argv: list[str]) -> int:
    """Look at a file, say what is seen, and write a configuration."""
    try:
        options = _parser().parse_args(argv)
        out = options.out or Path(f"{_stem(options.file)}.yaml")
        if out.exists() and not options.force:
            raise ValueError(f"{out} is there already: --force replaces it, --out writes another file")
        seen = look(options.file)
        large = size(Path(options.file)) > CHECKED
        problem = "" if large else _problem(seen)
        _write(out, seen, options.file)
    except (ValueError, OSError) as error:
        print(f"seqtoolkit init: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(told(seen, options.file, out, problem, large))
    return 0


def look(path: str) -> Seen:
    """Look at a file or a folder.

    Raises ValueError: it is missing, empty, or of a kind that is not read.
    """
    kind, lines = kind_of(path)
    module, _, name = READERS[kind].partition(".")
    reader: Callable[[str, list[str]], Seen] = getattr(import_module(f"seqtoolkit.init.{module}"), name)
    return reader(path, lines)


def told(seen: Seen, path: str, out: Path, problem: str, large: bool) -> str:
    """Return what is printed; of a large file, that it was not tried."""
    said = [
        f"{path}: {seen.what}",
        *(f"- {fact}" for fact in seen.facts),
        f"It looks like {seen.guess} ({seen.sure}: {seen.why}).",
    ]
    said += seen.others + [f"To be mended first: {warning}" for warning in seen.warnings]
    said += [f"{out} is written, but its data cannot be read yet: {problem}"] if problem else []
    if large:
        said += ["So large a file was not read as in training: `fit` says what of it cannot be read."]
    if not problem:
        said += [f"{out} is written. Train with: seqtoolkit fit --config {quote(str(out))} --run runs/mine"]
    return "\n".join(textwrap.fill(line, 120, subsequent_indent="  ") for line in said)


def _problem(seen: Seen) -> str:
    """Return why the data module does not take the options, or nothing."""
    from seqtoolkit.init.config import build

    try:
        build(seen)
    except ValueError as error:
        return " ".join(str(error).split())
    return ""


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in path.rglob("*")) if path.is_dir() else path.stat().st_size


def _write(out: Path, seen: Seen, path: str) -> None:
    from seqtoolkit.init.config import written

    write_atomically(out, written(seen, path, str(out)).encode())


def _stem(path: str) -> str:
    return Path(path).resolve().name.split(".")[0] or "data"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="seqtoolkit init", description=main.__doc__)
    add: Any = parser.add_argument
    add("file", metavar="FILE", help="a table, series, text, pairs, images; or a folder of texts")
    add("--out", type=Path, help="the configuration (NAME.yaml here)")
    add("--force", action="store_true", help="replace a configuration that is there")
    return parser

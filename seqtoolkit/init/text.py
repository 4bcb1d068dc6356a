"""Texts: one to go on with, texts with a label each, tokens with a tag each; from a file or a folder."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from seqtoolkit.init.seen import Option, Seen, listed, many, spread

if TYPE_CHECKING:
    from polars import DataFrame, Series

LANGUAGE = "seqtoolkit.data.text.TextData"
LABELLED = "seqtoolkit.data.labelled_text.LabelledTextData"
TAGGED = "seqtoolkit.data.tagged.TaggedData"
LONG = 20  # characters of a cell, in the mean: then it is a text
TEXT = ("text", "sentence", "review", "message", "body", "content", "tweet", "title")
WINDOW = 128


def text(path: str, lines: list[str]) -> Seen:
    """Look at a text."""
    size = Path(path).stat().st_size
    symbols = Counter("".join(lines))
    facts = [
        f"{size:,} bytes of UTF-8, lines of {spread([len(line) for line in lines], 'character')}",
        f"{many(len(symbols), 'different character')} in the first {many(len(lines), 'line')}",
    ]
    options = [Option("file", path), Option("unit", "character", "or byte"), _window(size)]
    return Seen(
        what="a text",
        facts=facts,
        guess="a language model: the next character",
        sure="likely",
        why="it has no columns",
        data=LANGUAGE,
        options=options,
        width=128,
    )


def _window(size: int) -> Option:
    """Return a window of which the smaller splits of a text hold several."""
    return Option("window", max(8, min(WINDOW, size // 100)), "characters that are learned from at once")


def folder(path: str, lines: list[str]) -> Seen:
    """Look at a folder: of texts, or of a folder of texts for each class."""
    files = [
        file for file in sorted(Path(path).rglob("*")) if file.is_file() and not file.name.startswith(".")
    ]
    if not files:
        raise ValueError(
            f"the folder {path} has no files; expected text files, or a folder of them for each class"
        )
    suffixes = Counter(file.suffix for file in files)
    suffix = suffixes.most_common(1)[0][0]
    chosen = [file for file in files if file.suffix == suffix]
    _check_text(chosen[0])
    size, classes = sum(file.stat().st_size for file in chosen), Counter(file.parent.name for file in chosen)
    inside = {file.relative_to(path).parts for file in chosen}
    facts = [f"{many(len(chosen), 'file')} {suffix}, {size:,} bytes", f"files by suffix: {_counts(suffixes)}"]
    ending = [Option("suffix", suffix)] if suffix != ".txt" else []
    if len(classes) > 1 and all(len(parts) == 2 for parts in inside):
        facts.append(f"{many(len(classes), 'class', 'classes')}, by folder: {_counts(classes)}")
        return Seen(
            what="a folder of texts",
            facts=facts,
            guess="a classification of texts by their folder",
            sure="likely",
            why="all files lie in folders side by side",
            data=LABELLED,
            options=[
                Option("file", path),
                *ending,
                Option("unit", "word", "or character"),
                _often(len(chosen)),
            ],
            others=[f"For a language model of all texts instead: {LANGUAGE} with file: {path}."],
        )
    split = Option(
        "split", "files" if len(chosen) >= 30 else "position", "by whole files, or the end of all of them"
    )
    return Seen(
        what="a folder of texts",
        facts=facts,
        guess="a language model: the next character",
        sure="likely",
        why="there is no folder for each class",
        data=LANGUAGE,
        options=[Option("file", path), *ending, split, Option("unit", "character", "or byte"), _window(size)],
        width=128,
    )


def _check_text(file: Path) -> None:
    """Raise ValueError unless a file is a text."""
    from seqtoolkit.init.kind import kind_of

    kind, _ = kind_of(str(file))
    if kind not in ("text", "cells", "pairs", "json", "conll"):
        raise ValueError(f"{file} is no text (it looks like {kind}); give one file, or a folder of texts")


def labelled(path: str, sample: DataFrame) -> Seen | None:
    """Look at a table of texts with a label each; None when no column is a text."""
    import polars as pl

    strings = [name for name in sample.columns if sample[name].dtype == pl.String]
    texts = [name for name in strings if name.lower() in TEXT or _has_words(sample[name])]
    long = {name: float(sample[name].str.len_chars().mean() or 0) for name in texts}  # type: ignore[arg-type]
    found = next(
        (name for name in texts if name.lower() in TEXT), max(long, key=lambda name: long[name], default=None)
    )
    if found is None or (long[found] < LONG and found.lower() not in TEXT):
        return None
    labels = [name for name in sample.columns if name != found and _few(sample, name)]
    if not labels:
        return None
    label = next(
        (name for name in labels if name.lower() in ("label", "class", "category", "target")), labels[0]
    )
    counts = Counter(map(str, sample[label].to_list()))
    return _of_texts(
        path, found, label, len(sample), counts, [int(n) for n in sample[found].str.len_chars().fill_null(0)]
    )


def _has_words(column: Series) -> bool:
    """Say whether the cells of a column have three words or more, in the mean."""
    return float(column.str.count_matches(" ").mean() or 0) >= 2  # type: ignore[arg-type]


def _few(sample: DataFrame, name: str) -> bool:
    return not sample[name].dtype.is_float() and 1 < sample[name].n_unique() <= max(
        2, min(100, len(sample) // 3)
    )


def json_lines(path: str, lines: list[str]) -> Seen:
    """Look at JSON lines: objects with a text and a label."""
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise ValueError(
                    f"{path}, line {number}: not JSON ({error}); expected an object on each line"
                ) from None
    objects = [row for row in rows if isinstance(row, dict)]
    names = list(dict.fromkeys(name for row in objects for name in row))
    columns = {name: [str(row.get(name, "")) for row in objects] for name in names}
    texts = [name for name in names if any(isinstance(row.get(name), str) for row in objects)]
    text_of = next((name for name in texts if name.lower() in TEXT), None) or max(
        texts, key=lambda name: sum(map(len, columns[name])), default=None
    )
    labels = [
        name for name in names if name != text_of and 1 < len(set(columns[name])) <= max(2, len(objects) // 3)
    ]
    label = next((name for name in labels if name.lower() in ("label", "class")), next(iter(labels), None))
    if text_of is None or label is None:
        raise ValueError(
            f"{path} has objects with the names {listed(names)}; expected a text and a label of few values in each"
        )
    return _of_texts(
        path, text_of, label, len(objects), Counter(columns[label]), list(map(len, columns[text_of]))
    )


def _of_texts(
    path: str, text_of: str, label: str, count: int, labels: Counter[str], lengths: list[int]
) -> Seen:
    facts = [
        f"{many(count, 'row')} in the part that was read, texts in {text_of!r} of {spread(lengths, 'character')}",
        f"{many(len(labels), 'class', 'classes')} in {label!r}: {_counts(labels)}",
    ]
    named = text_of.lower() in TEXT and label.lower() in ("label", "class")
    return Seen(
        what="texts with a label each",
        facts=facts,
        guess=f"a classification of {text_of!r} by {label!r}",
        sure="likely" if named else "a guess",
        why="a column of long texts stands beside one of few values",
        data=LABELLED,
        options=[
            Option("file", path),
            Option("text", text_of),
            Option("label", label),
            Option("unit", "word", "or character"),
            _often(count),
        ],
    )


def _often(count: int) -> Option:
    return Option("min_count", 2 if count >= 1000 else 1, "rarer words are one unknown word")


def conll(path: str, lines: list[str]) -> Seen:
    """Look at tokens with tags, one a line, sentences parted by blank lines."""
    universal = any(len(row := line.split("\t")) == 10 and row[0].isdigit() for line in lines)
    kept = [line for line in lines if not (universal and line.startswith("#"))]
    rows = [line.split("\t" if universal else None) for line in kept if line.strip()]
    if not rows or len(rows[0]) < 2:
        raise ValueError(f"{path} has no word with a tag on its first line; expected both, between spaces")
    word, tag = (1, 3) if universal else (0, len(rows[0]) - 1)
    tags = Counter(row[tag] for row in rows if len(row) == len(rows[0]))
    lengths = [len(block.splitlines()) for block in "\n".join(kept).split("\n\n") if block.strip()]
    facts = [
        f"{many(len(lengths), 'sentence')} of {spread(lengths, 'token')} in the part that was read",
        f"{many(len(rows[0]), 'column')}; {many(len(tags), 'tag')}: {_counts(tags)}",
    ]
    named = Path(path).suffix.lower() == ".conllu"
    places = [] if named else [Option("word", word + 1, "its column"), Option("tag", tag + 1, "its column")]
    return Seen(
        what=f"tokens with tags ({'CoNLL-U' if universal else 'CoNLL'})",
        facts=facts,
        guess="tagging: a tag for each token",
        sure="sure" if universal else "likely",
        why="it has a token on each line, and a blank line after each sentence",
        data=TAGGED,
        options=[Option("file", path), *places],
        warnings=["CoNLL-U is known by its name: let it end in .conllu"] if universal and not named else [],
    )


def _counts(counter: Counter[str]) -> str:
    return listed([f"{name} {count:,}" for name, count in counter.most_common()])

"""Two columns between tabs: pairs of a source and a target, or texts with a label."""

from __future__ import annotations

from seqtoolkit.init.seen import Option, Seen, many, spread
from seqtoolkit.init.table import cells
from seqtoolkit.init.text import LABELLED, TEXT

PAIRS = "seqtoolkit.data.pairs.PairsData"
WORDS = 3  # spaces in a cell, in the mean: then it is made of words


def pairs(path: str, lines: list[str]) -> Seen:
    """Look at lines of two columns."""
    rows = [line.split("\t") for line in lines if line.count("\t") == 1]
    head = [cell.strip().lower() for cell in rows[0]]
    if {"label", "class"} & set(head) or set(head) & set(TEXT):
        return cells(path, lines)
    numbers = all(_is_number(cell) for row in rows[1:] for cell in row)
    if numbers and not any(map(_is_number, rows[0])):  # below a head of names
        return cells(path, lines)
    sources, targets = ([row[side] for row in rows] for side in (0, 1))
    facts = [
        f"{many(len(rows), 'pair')} in the part that was read, {many(len(set(sources)), 'different source')}",
        f"sources of {spread(list(map(len, sources)), 'character')}, targets of"
        f" {spread(list(map(len, targets)), 'character')}, {many(len(set(targets)), 'different target')}",
    ]
    few = len(set(targets)) <= max(2, len(rows) // 10)
    return Seen(
        what="pairs of texts (TSV)",
        facts=facts,
        guess="pairs: a source is read, a target is written",
        sure="a guess" if few else "likely",
        why="it has two columns between tabs" + (", of which the second has few values" if few else ""),
        data=PAIRS,
        options=[
            Option("file", path),
            Option("source", _made_of(sources), "characters, words, or a file with a list of symbols"),
            Option("target", _made_of(targets), "likewise"),
        ],
        others=[f"For a class of each text instead: a first line with the names, and {LABELLED}."]
        if few
        else [],
    )


def _made_of(texts: list[str]) -> str:
    spaces = sum(text.count(" ") for text in texts) / len(texts)
    return "words" if spaces >= WORDS else "characters"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

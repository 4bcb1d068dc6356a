"""Spans of tagged words: which words together are one name, by the tags B-, I-, E- and S- before its kind, and O."""

from __future__ import annotations

from collections.abc import Sequence

OUTSIDE = "O"
_INSIDE, _BEGINS, _ENDS = "BIES", "BS", "ES"
Span = tuple[int, int, str]  # its first word, its last, its kind


def mark_spans(tags: Sequence[str]) -> bool:
    """Whether these are tags of spans: O, and others of a letter of B, I, E, S, a hyphen and a kind."""
    marks = [tag for tag in tags if tag != OUTSIDE]
    return bool(marks) and all(tag[0] in _INSIDE and tag[1:2] == "-" and len(tag) > 2 for tag in marks)


def spans(tags: Sequence[str]) -> set[Span]:
    """Return the spans of one sentence, as conlleval reads them (Tjong Kim Sang & Buchholz 2000), whatever the scheme.

    A span begins at B- or S-, after E- or S-, and where the kind changes: so I- may begin one, as in IOB1.
    """
    found, first = set[Span](), 0
    for place in range(len(tags)):
        if place == 0 or _apart(tags[place - 1], tags[place]):
            first = place
        after = tags[place + 1] if place + 1 < len(tags) else OUTSIDE
        if tags[place] != OUTSIDE and _apart(tags[place], after):
            found.add((first, place, tags[place][2:]))
    return found


def _apart(one: str, other: str) -> bool:
    """Whether two words that follow each other are not of the same span."""
    return (
        one == OUTSIDE or one[2:] != other[2:] or one[0] in _ENDS or other[0] in _BEGINS or other == OUTSIDE
    )

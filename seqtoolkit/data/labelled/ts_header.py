"""The header of a .ts file: what the lines that begin with @ declare of the sequences below them."""

from __future__ import annotations

from dataclasses import dataclass

EXAMPLE = "lines such as '@classLabel true a b', then '@data', then a line such as 1.0,2.0:0.5,0.4:a for each sequence"
EXPECTED = f"a .ts file: {EXAMPLE}"
_FLAGS = {"timestamps": "timestamps", "univariate": "univariate", "equallength": "equal"}
_COUNTS = {"dimensions": "dimensions", "dimension": "dimensions", "serieslength": "length"}


@dataclass
class Header:
    """What is declared so far; names are read in any case, and those that say nothing of the form are ignored."""

    timestamps: bool = False
    univariate: bool = False
    equal: bool = False  # whether all sequences have as many steps
    dimensions: int | None = None  # channels
    length: int | None = None  # steps of each
    classes: tuple[str, ...] = ()
    target: str = ""  # "classes", "values" of a regression, or nothing when the lines have no label

    def take(self, line: str) -> None:
        """Read one line.

        Raises ValueError for a value that is none.
        """
        word, *words = line.split()
        name = word[1:].lower()
        if name in _FLAGS:
            setattr(self, _FLAGS[name], _flag(word, words))
        elif name in _COUNTS:
            setattr(self, _COUNTS[name], _count(word, words))
        elif name == "classlabel" and _flag(word, words):
            self.classes, self.target = _classes(words[1:]), "classes"
        elif name == "targetlabel" and _flag(word, words):
            self.target = "values"

    def check(self) -> None:
        """Refuse what is not read, and what contradicts itself, before any sequence is read."""
        if self.timestamps:
            raise ValueError(
                "@timeStamps true: sequences with time stamps are not read; write the values alone, one for each"
                " step, and @timeStamps false"
            )
        if self.univariate and (self.dimensions or 1) > 1:
            raise ValueError(f"@univariate true contradicts @dimensions {self.dimensions}; mend one of them")


def _classes(names: list[str]) -> tuple[str, ...]:
    if not names:
        raise ValueError("@classLabel true names no class; expected them behind it: @classLabel true a b")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"@classLabel names {twice[0]!r:.40} twice; name each class once")
    return tuple(names)


def _flag(word: str, values: list[str]) -> bool:
    if not values or values[0].lower() not in ("true", "false"):
        raise ValueError(f"{word} {' '.join(values)!r:.40}; expected true or false behind it")
    return values[0].lower() == "true"


def _count(word: str, values: list[str]) -> int:
    if len(values) != 1 or not values[0].isdecimal() or int(values[0][:9]) < 1:
        raise ValueError(f"{word} {' '.join(values)!r:.40}; expected a whole number behind it, 1 or more")
    return int(values[0])

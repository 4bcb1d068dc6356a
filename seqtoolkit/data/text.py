"""A language model of your own text: a file or a folder of files, in characters or bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from seqtoolkit.checkpoint import described
from seqtoolkit.codec import Codec
from seqtoolkit.data.lines import OnBadLine
from seqtoolkit.data.shares import SPLITS, Shares, check_paths, check_shares, divide
from seqtoolkit.data.texts.base import LanguageData
from seqtoolkit.data.texts.files import TextFile, read_texts
from seqtoolkit.data.texts.symbols import TextSymbols, Unit


class TextData(LanguageData):
    """A language model of any text: `file`, which is divided, or a file for each split. Each may be a folder.

    Characters that do not occur in training become one unknown symbol. Windows line ends and a byte order mark are
    left out of characters; bytes are read as they are, whatever they encode.

    Args:
        file: one text, divided by `split`
        train: the training text, instead of `file`; then `val` is needed, and for a test, `test`
        val: the validation text
        test: the test text
        split: of `file`: position (validation and test are its last parts), or files (each file of the folder is in
            one split, decided by the sha256 of its content); files for a folder, and position for a file, when null
        shares: of training, validation and test in `file`
        suffix: of the files that are read in a folder
        unit: what a symbol is: character or byte
        min_count: a character is known when it occurs this often in training; from 2 on, the rare ones train the
            unknown symbol
        window: symbols that are learned from at once; the state is carried on to the next window
        batch_size: parts of the training text that are read at the same time
        seed: of where the parts begin, and of what `predict` draws
        inputs: what `predict` continues: a file of one prompt a line, or - for standard input
        on_bad_line: of what `predict` reads: error stops at a line that cannot be used; skip leaves it out, and counts
        length: symbols that `predict` draws after each prompt
        temperature: by which `predict` divides the scores; 0 takes the likeliest symbol
        top_k: of how many of the likeliest symbols `predict` draws; all when null
        dynamic_rate: rate at which a copy of the model learns from the text of `validate` or `test`, after each window
            was predicted (dynamic evaluation); 0 for none
        spec_of: a checkpoint whose symbols are known, instead of those of the training text; `unit` is then its own
    """

    files = ("file", *SPLITS)

    def __init__(
        self,
        file: str | None = None,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        split: Literal["position", "files"] | None = None,
        shares: Shares = (0.8, 0.1, 0.1),
        suffix: str = ".txt",
        unit: Unit = "character",
        min_count: int = 1,
        window: int = 128,
        batch_size: int = 64,
        seed: int = 0,
        inputs: str | None = None,
        on_bad_line: OnBadLine = "error",
        length: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        dynamic_rate: float = 0.0,
        spec_of: str | None = None,
    ) -> None:
        super().__init__(
            window, batch_size, seed, inputs, on_bad_line, length, temperature, top_k, dynamic_rate
        )
        paths = {"file": file, "train": train, "val": val, "test": test}
        check_paths(paths, "text", known=spec_of is not None)
        check_shares(shares)
        if min_count < 1:
            raise ValueError(f"min_count must be at least 1, got {min_count}")
        known = None if spec_of is None else known_symbols(Path(spec_of))
        unit = unit if known is None else known.unit
        read = {name: read_texts(path, suffix) for name, path in paths.items() if path is not None}
        texts = {name: [_text(one, unit) for one in found] for name, found in read.items()}
        if file is not None:
            by_file = split == "files" or (split is None and Path(file).is_dir())
            texts = _by_file(file, read["file"], shares, unit) if by_file else _cut(texts["file"], shares)
        symbols = known or TextSymbols.of(unit, texts["train"], min_count)
        self.specify("text", symbols, texts, files={name: _digest(found) for name, found in read.items()})


def known_symbols(path: Path) -> TextSymbols:
    """Read the symbols of a checkpoint, which may hold anything.

    Raises ValueError that names the file.
    """
    spec = described(path).spec
    if spec.get("task") != "text":
        raise ValueError(f"{path} is of the task {spec.get('task')!r:.80}; expected one of TextData")
    try:
        codec = Codec.from_dict(spec.get("codec"))
    except ValueError as error:
        raise ValueError(f"{path}: its codec is wrong: {error}") from None
    one_each = all(len(symbol) == 1 for symbol in codec.symbols)
    if codec.separator or codec.query or codec.labels or not one_each or not (codec.bytes or codec.unknown):
        raise ValueError(f"{path}: its codec is not that of a language model of characters or bytes")
    return TextSymbols(codec)


def _by_file(path: str, files: Sequence[TextFile], shares: Shares, unit: Unit) -> dict[str, list[str]]:
    """Give each file of a folder to one split."""
    parts = divide(path, files, shares, "files", lambda file: file.sha256)
    return {split: [_text(file, unit) for file in some] for split, some in parts.items()}


def _cut(texts: Sequence[str], shares: Shares) -> dict[str, list[str]]:
    """Divide texts at two positions: what comes later is never in training."""
    text = "".join(texts)
    first = round(len(text) * shares[0] / sum(shares))
    second = round(len(text) * (shares[0] + shares[1]) / sum(shares))
    return {"train": [text[:first]], "val": [text[first:second]], "test": [text[second:]]}


def _text(file: TextFile, unit: Unit) -> str:
    """Return a text with a character for each symbol."""
    return (
        file.data.decode("latin-1")
        if unit == "byte"
        else file.text(", or let the model read bytes: --data.unit byte")
    )


def _digest(files: Sequence[TextFile]) -> str:
    """Identify a file, or all files of a folder."""
    each = [file.sha256 for file in files]
    return each[0] if len(each) == 1 else hashlib.sha256("".join(each).encode()).hexdigest()

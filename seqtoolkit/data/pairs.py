"""Pairs from files: any two columns of text, in characters, words or the symbols of a given list."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtoolkit.codec import Codec
from seqtoolkit.data.lines import BadLine, OnBadLine
from seqtoolkit.data.pairing.base import PairData
from seqtoolkit.data.pairing.known_symbols import KnownSymbols
from seqtoolkit.data.pairing.pair import Pair
from seqtoolkit.data.pairing.symbols import Side, pair_codec
from seqtoolkit.data.pairing.tsv import read_pairs

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Limits:
    """Which pairs are too long, counted as their sides are taken apart."""

    source: Side
    target: Side
    max_source: int
    max_target: int

    def __call__(self, pair: Pair) -> None:
        """Raise BadLine for a pair that is too long, or whose alignment is not inside it."""
        sizes = len(self.source.split(pair.source)), len(self.target.split(pair.target))
        limits = (("source", self.max_source), ("target", self.max_target))
        for (name, limit), size in zip(limits, sizes, strict=True):
            if size > limit:
                raise BadLine(
                    f"a {name} of more than {limit:,} symbols",
                    f", {size:,} of them; the limit is --data.max_{name}",
                )
        for link in pair.alignment or ():
            if link[0] >= sizes[0] or link[1] >= sizes[1]:
                raise BadLine(
                    "an alignment outside its pair",
                    f", {link[0]}-{link[1]} of {sizes[0]} and {sizes[1]} symbols; positions are counted from 0",
                )


class PairsData(PairData):
    """Pairs of a TSV file (source, tab, target; optionally a tab and alignments such as "0-0 1-2"), or of three files.

    Symbols that do not occur in training become one unknown symbol on each side.

    Args:
        file: one file, divided by a hash of the source, so that all targets of a source stay together
        train: a file of training pairs, instead of `file`; then `val` is needed, and for a test, `test`
        val: a file of validation pairs
        test: a file of test pairs
        shares: of training, validation and test in `file`
        source: what a source is made of: characters, words, or the path of a list of symbols (one a line; the texts
            are then split at spaces)
        target: what a target is made of, likewise
        min_count: a symbol is known when it occurs this often in training; from 2 on, the rare ones train the
            unknown symbol
        max_symbols: at most so many symbols are known on each side, the most frequent ones
        max_source: symbols of the longest source
        max_target: symbols of the longest target
        on_bad_line: error stops at a line that cannot be used; skip leaves such lines out, and counts them
        batch_tokens: padded tokens in a training batch, over all processes together (2048 by default)
        batch_size: pairs in a training batch, instead of `batch_tokens`
        seed: of the order of the training batches
        inputs: what `predict` reads: a file of one source a line, or - for standard input
        spec_of: a checkpoint whose symbols are known, instead of those of the training pairs; `source` and `target`
            are then what they were there
    """

    files = ("file", "train", "val", "test")

    def __init__(
        self,
        file: str | None = None,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        shares: tuple[float, float, float] = (0.8, 0.1, 0.1),
        source: str = "characters",
        target: str = "characters",
        min_count: int = 1,
        max_symbols: int | None = None,
        max_source: int = 1000,
        max_target: int = 1000,
        on_bad_line: OnBadLine = "error",
        batch_tokens: int | None = None,
        batch_size: int | None = None,
        seed: int = 0,
        inputs: str | None = None,
        spec_of: str | None = None,
    ) -> None:
        super().__init__(batch_tokens, batch_size, seed, inputs, on_bad_line)
        files = {"train": train, "val": val, "test": test}
        counts = {"min_count": min_count, "max_symbols": max_symbols}
        _check(file, files, shares, spec_of, **counts, max_source=max_source, max_target=max_target)
        known = None if spec_of is None else KnownSymbols.of(Path(spec_of))
        sides = (Side.of(source), Side.of(target)) if known is None else known.sides
        self.limits = Limits(*sides, max_source, max_target)
        self.origin = file or f"--data.train {train}"
        self._pairs: dict[str, list[Pair]] = {}
        digests = self._read(file, files, shares)
        more: dict[str, Any] = {"pairs": {split: len(some) for split, some in self._pairs.items()}}
        more |= {"files": digests, "made_of": {"source": source, "target": target}}
        if known is None:
            self.specify("pairs", *self._vocabulary(min_count, max_symbols), **more)
        else:
            self.specify("pairs", known.codec, known.max_steps, **more | {"made_of": known.made_of})

    def pairs(self, split: str) -> list[Pair]:
        """Return the pairs of a split, in the order of their file."""
        if split not in self._pairs:
            raise ValueError(f"no {split} pairs: add --data.{split} FILE to --data.train")
        if not self._pairs[split]:
            raise ValueError(
                f"{self.origin}: none of its {sum(map(len, self._pairs.values())):,} pairs are for {split};"
                " give more pairs, other --data.shares, or three files"
            )
        return self._pairs[split]

    def encode(self, text: str) -> list[int]:
        """Turn what a user typed into a prompt; raises BadLine when it is too long."""
        self.limits(Pair(text, ""))
        return super().encode(text)

    def _read(
        self, file: str | None, files: dict[str, str | None], shares: tuple[float, float, float]
    ) -> dict[str, str]:
        """Read one file and divide it, or a file for each split; return the sha256 of each."""
        if file is not None:
            found, sha256 = read_pairs(file, self.limits, self.on_bad_line)
            self._pairs = divide(found, shares)
            return {"file": sha256}
        digests = {}
        for split, path in files.items():
            if path is not None:
                self._pairs[split], digests[split] = read_pairs(path, self.limits, self.on_bad_line)
        return digests

    def _vocabulary(self, min_count: int, max_symbols: int | None) -> tuple[Codec, int]:
        """Find the symbols, and how long an answer may be, in the training pairs alone."""
        train, limits = self.pairs("train"), self.limits
        sources = limits.source.vocabulary((pair.source for pair in train), min_count, max_symbols)
        targets = limits.target.vocabulary((pair.target for pair in train), min_count, max_symbols)
        if not sources or not targets:
            raise ValueError(
                f"{self.origin}: no symbol of its {'targets' if sources else 'sources'} occurs {min_count:,} times"
                " in training, so all would be unknown; lower --data.min_count"
            )
        codec = pair_codec(
            sources,
            targets,
            example=train[0].source,
            words=(limits.source.words, limits.target.words),
        )
        longest = max(len(limits.target.split(pair.target)) for pair in train)
        return codec, longest + longest // 4 + 4


def divide(pairs: list[Pair], shares: tuple[float, float, float]) -> dict[str, list[Pair]]:
    """Give each source to a split by its sha256 alone: no other pair of the file moves it."""
    parts: dict[str, list[Pair]] = {split: [] for split in SPLITS}
    bounds = shares[2] / sum(shares), (shares[2] + shares[1]) / sum(shares)
    for pair in pairs:
        place = int.from_bytes(hashlib.sha256(pair.source.encode()).digest()[:8], "big") / 2**64
        parts["test" if place < bounds[0] else "val" if place < bounds[1] else "train"].append(pair)
    return parts


def _check(
    file: str | None,
    files: dict[str, str | None],
    shares: tuple[float, float, float],
    spec_of: str | None,
    **counts: int | None,
) -> None:
    given = [name for name, path in files.items() if path is not None]
    none = file is None and not given and spec_of is not None  # nothing is read but what `predict` reads
    if file is None and not none and (files["train"] is None or files["val"] is None):
        raise ValueError(
            "no pairs: give --data.file PAIRS.tsv, which is divided by a hash,"
            " or --data.train, --data.val and --data.test, a file for each"
        )
    if file is not None and given:
        raise ValueError(
            f"--data.file {file} is divided into three parts; leave out --data.{' and --data.'.join(given)}"
        )
    if min(shares) < 0 or shares[0] <= 0:
        raise ValueError(
            f"shares {shares} are of training, validation and test: not negative, the first positive"
        )
    for name, value in counts.items():
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")

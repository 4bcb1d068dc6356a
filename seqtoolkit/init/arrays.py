"""Series with a label each (.ts, .npz), images (IDX, .npz) and rolls (.npz, .mat): shapes, read without the numbers."""

from __future__ import annotations

import struct
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from numpy.lib import format as npy

from seqtoolkit.data.labelled.mat_file import held
from seqtoolkit.data.labelled.ts_header import EXPECTED, Header
from seqtoolkit.data.opened import opened
from seqtoolkit.init.holes import filled_series
from seqtoolkit.init.seen import Option, Seen, listed, many, spread

SERIES = "seqtoolkit.data.labelled_series.LabelledSeriesData"
IMAGES = "seqtoolkit.data.image_rows.ImageRowsData"
ROLLS = "seqtoolkit.data.rolls.RollData"
LOOKED_AT = 200_000  # sequences of a .ts
SPLITS = {"train": ("train", "traindata"), "val": ("val", "validdata"), "test": ("test", "testdata")}
Shape = tuple[tuple[int, ...], Any]


def ts(path: str, lines: list[str]) -> Seen:
    """Look at a .ts file, line by line."""
    header, lengths, channels, labels = _ts(path)
    if not lengths:
        raise ValueError(f"{path} has no sequence after @data; expected {EXPECTED}")
    facts = [
        f"{many(len(lengths), 'sequence')} of {spread(lengths)}, {many(channels, 'channel')}",
        f"{many(len(header.classes), 'class', 'classes')}: {listed([f'{k} {v:,}' for k, v in labels.most_common()])}"
        if header.target == "classes"
        else "a number for each"
        if header.target
        else "no labels",
    ]
    if not header.target:
        raise ValueError(
            f"{path} has no labels (@classLabel or @targetLabel true), and nothing to learn; expected {EXPECTED}"
        )
    other = _beside(path)
    files = [Option("train", path), *([Option("test", other, "beside it")] if other else [])]
    kind = "a classification" if header.target == "classes" else "a regression"
    return Seen(
        what="series with a label each (.ts)",
        facts=facts,
        guess=f"{kind} of whole series",
        sure="sure",
        why="its header says so",
        data=SERIES,
        options=[
            *files,
            Option("val_share", 0.2, "of the training series, held out"),
            *filled_series(files),
        ],
        others=[] if other else ["Without test: FILE, models are judged by their validation split."],
    )


def _ts(path: str) -> tuple[Header, list[int], int, Counter[str]]:
    header, lengths, labels, channels, begun = Header(), list[int](), Counter[str](), 0, False
    with opened(path, EXPECTED) as file:
        for raw in file:
            line = raw.decode(errors="replace").strip()
            if not line or line.startswith("#"):
                continue
            if begun:
                *parts, label = line.split(":") if header.target else [*line.split(":"), ""]
                lengths.append(parts[0].count(",") + 1 if parts else 0)
                channels = len(parts)
                labels[label] += 1
                if len(lengths) >= LOOKED_AT:
                    break
            elif line.lower() == "@data":
                begun = True
            elif line.startswith("@"):
                header.take(line)
    return header, lengths, channels, labels


def _beside(path: str) -> str:
    """Return the test file that is called as a training file is, where there is one."""
    for word in ("TRAIN", "train"):
        other = Path(path).with_name(Path(path).name.replace(word, "TEST" if word == "TRAIN" else "test"))
        if word in Path(path).name and other.is_file():
            return str(other)
    return ""


def npz(path: str, lines: list[str]) -> Seen:
    """Look at the names and shapes of the arrays of an .npz; their numbers are not read."""
    shapes = _shapes(path)
    facts = [f"{name}: {dtype}, {' x '.join(map(str, shape))}" for name, (shape, dtype) in shapes.items()]
    splits = {split: path for split, words in SPLITS.items() if any(f"x_{word}" in shapes for word in words)}
    x = shapes.get("x_train") or shapes.get("x")
    labelled = "y_train" in shapes or "y" in shapes
    files = [Option(name, file) for name, file in (splits or {"train": path}).items()]
    if x is None:
        raise ValueError(
            f"{path} has the arrays {listed(list(shapes))}; expected x (or x_train, ...), and y for labels:"
            " save them by these names, numpy.savez(FILE, x=..., y=...)"
        )
    if not labelled:
        return _rolls(path, facts, files)
    shape, dtype = x
    if (len(shape) == 4 or (len(shape) == 3 and dtype.kind in "ub")) and shape[1] > 3 and shape[2] > 3:
        files = [*files, *_by_group(shapes)]
        why = "x has pixels of channels" if len(shape) == 4 else "x has whole numbers of the shape of images"
        return _images("images (.npz)", facts, files, "a guess", why)
    return Seen(
        what="series with a label each (.npz)",
        facts=facts,
        guess="a classification or regression of whole series",
        sure="likely",
        why="x has series, and y a label for each",
        data=SERIES,
        options=[
            *files,
            *_by_group(shapes),
            *filled_series(files),
            Option("target", "auto", "classes, values, or as y has them: whole numbers are classes"),
        ],
    )


def _by_group(shapes: dict[str, Shape]) -> list[Option]:
    there = "groups" in shapes or "groups_train" in shapes
    return (
        [Option("split", "group", "a group is never in two splits; or series: one by one")] if there else []
    )


def _shapes(path: str) -> dict[str, Shape]:
    """Read the head of each array.

    Raises ValueError for a file that is damaged.
    """
    found: dict[str, Shape] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as file:
                    version = npy.read_magic(file)
                    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                    shape, _, dtype = read(file)
                found[name.removesuffix(".npy")] = (tuple(map(int, shape)), dtype)
    except (
        zipfile.BadZipFile,
        ValueError,
        EOFError,
        RuntimeError,
    ) as error:  # the last of an archive with a password
        raise ValueError(
            f"{path} is damaged, or no .npz file ({error}); expected one that numpy.savez wrote"
        ) from None
    return found


def idx(path: str, lines: list[str]) -> Seen:
    """Look at the head of an IDX file."""
    with opened(path, "an IDX file") as file:
        axes = file.read(4)[3]
        sizes = file.read(4 * axes)
    if len(sizes) < 4 * axes:
        raise ValueError(f"{path} is cut off: it has no sizes of its {axes} axes; copy it again")
    if axes not in (3, 4):
        raise ValueError(f"{path} has {axes} axes, and images have 3 or 4; give the file of images")
    shape = struct.unpack(f">{axes}I", sizes)
    other = _beside(path) or str(Path(path).with_name(Path(path).name.replace("train", "t10k")))
    files = [Option("train", path)]
    files += [Option("test", other, "beside it")] if other != path and Path(other).is_file() else []
    facts = [" x ".join(map(str, shape)) + " numbers"]
    return _images("images (IDX)", facts, files, "sure", f"an IDX file of {axes} axes holds images")


def mat(path: str, lines: list[str]) -> Seen:
    """Look at the names of the variables of a MATLAB file, of which nothing but rolls are read."""
    names = held(path)
    splits = [split for split, words in SPLITS.items() if {f"x_{words[0]}", words[1]} & {*names}]
    files = [Option(split, path) for split in splits or ["train"]]
    return _rolls(path, [f"a MATLAB file of {listed(names)}"], files)


def _images(what: str, facts: list[str], files: list[Option], sure: Any, why: str) -> Seen:
    options = [*files, Option("read", "rows", "or pixels: a step for each pixel")]
    return Seen(what, facts, "a classification of images, read row by row", sure, why, IMAGES, options)


def _rolls(path: str, facts: list[str], files: list[Option]) -> Seen:
    guess, why = "rolls: which of several labels are set in the next step", "it has no labels"
    if path.endswith(".mat"):
        why = "such files hold the rolls of Boulanger-Lewandowski et al. 2012"
    if not any(file.name == "val" for file in files):
        files = [*files, Option("val", path, "others than those of training would say how good a model is")]
    return Seen("rolls of 0 and 1", facts, guess, "a guess", why, ROLLS, files)

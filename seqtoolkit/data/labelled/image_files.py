"""Images with a class each, from IDX files (MNIST's form) or .npz: checked, as one array of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.labelled.arrays import groups_of
from seqtoolkit.data.labelled.idx_file import read_idx
from seqtoolkit.data.labelled.npz_file import read_npz
from seqtoolkit.data.opened import sha256_of

EXPECTED = "an IDX or .npz file"
IDX, LABELS_OF = "images", {"images": "labels", "idx3": "idx1", "idx4": "idx1"}


@dataclass(frozen=True, eq=False)
class Images:
    """N images as a file has them."""

    path: str
    pixels: NDArray[Any]  # (N, H, W, C)
    labels: tuple[str, ...] | None
    groups: tuple[str, ...] | None = None  # whom or what each is of, where an .npz says it


def read_images(path: str, split: str = "", labelled: bool = True) -> Images:
    """Read the images of a file, and their classes.

    An .npz has `x`, (N, H, W) or (N, H, W, C), `y`, (N,), and may have `groups`, (N,); the arrays of one split may be
    called x_train, y_train, groups_train.
    Every other file is IDX, and its classes are in the file of the same name with "labels" for "images" and "idx1" for
    "idx3", as those of MNIST are called.

    Raises ValueError that names the file, and the image where one is wrong.
    """
    groups = None
    if path.endswith(".npz"):
        arrays = read_npz(path, ("x", "y", "groups"), split)
        pixels, labels, groups = arrays["x"], arrays.get("y"), arrays.get("groups")
    else:
        pixels = read_idx(path, (3, 4))
        labels = read_idx(labels_of(path), (1,)) if labelled else None
    if pixels.ndim not in (3, 4) or not pixels.size or pixels.dtype.kind == "U":
        raise ValueError(
            f"{path}: its images are {pixels.dtype} of the shape {pixels.shape}; expected numbers, (N, H, W) or"
            " (N, H, W, C), and none of them 0. Type numpy.savez(FILE, x=numpy.stack(images), y=labels)"
        )
    if labels is not None and labels.shape != (len(pixels),):
        raise ValueError(
            f"{path} has {len(pixels)} images and labels of the shape {labels.shape}; expected a label for"
            " each image: save y=numpy.array([...]), and y=y.argmax(1) where it has a column for each class"
        )
    if labels is not None and labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(
            f"{path}: the label of image {np.argmin(np.isfinite(labels)) + 1} is no finite number; leave such images"
            " out: keep = numpy.isfinite(y), then save x=x[keep], y=y[keep]"
        )
    bad = np.flatnonzero(~np.isfinite(pixels).reshape(len(pixels), -1).all(1))
    if len(bad):
        raise ValueError(f"{path}: image {bad[0] + 1} has a pixel that is no finite number; expected numbers")
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    names = None if labels is None else tuple(map(_name, labels.tolist()))
    return Images(path, pixels, names, groups_of(path, groups, len(pixels)))


def digests_of(name: str, path: str) -> dict[str, str]:
    """Return the sha256 of a file of images by its name, and that of the labels beside an IDX file.

    Raises ValueError when one cannot be read.
    """
    images = {name: sha256_of(path, EXPECTED)}
    return (
        images
        if path.endswith(".npz")
        else images | {f"{name} (labels)": sha256_of(labels_of(path), EXPECTED)}
    )


def labels_of(path: str) -> str:
    """Return where the classes of a file of IDX images are.

    Raises ValueError when the name does not say so, or the file is not there.
    """
    file = Path(path)
    name = file.name
    for mine, theirs in LABELS_OF.items():
        name = name.replace(mine, theirs)
    if IDX not in file.name or not file.with_name(name).is_file():
        raise ValueError(
            f"{path}: no file of its labels, {name if IDX in file.name else 'which is called as it is'}; expected two"
            " files such as train-images-idx3-ubyte and train-labels-idx1-ubyte in one folder, or an .npz with x and y"
        )
    return str(file.with_name(name))


def _name(label: Any) -> str:
    return f"{label:g}" if isinstance(label, float) else str(label)

"""Images as sequences: row by row or pixel by pixel, in their own order or in one that a seed permutes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np

from seqtoolkit.checkpoint import described
from seqtoolkit.data.image_files import Images
from seqtoolkit.data.sequences import Sequences
from seqtoolkit.files import is_whole

Read = Literal["rows", "pixels"]


@dataclass(frozen=True)
class ImageOrder:
    """How images are read.

    Args:
        read: `rows`: a step for each row, its pixels are the channels; `pixels`: a step for each pixel.
        permute: seed of a permutation of the steps, the same for all images (Le, Jaitly & Hinton 2015), or None.
        shape: H, W, C of the training images.
    """

    read: Read
    permute: int | None
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, path: str) -> Self:
        """Take it from a checkpoint, which may hold anything.

        Raises ValueError that names the file.
        """
        spec = described(Path(path)).spec
        read, permute, shape = (spec.get(name) for name in ("read", "permute", "shape"))
        sizes = isinstance(shape, list) and len(shape) == 3 and all(is_whole(size, 1) for size in shape)
        if read not in get_args(Read) or not sizes or not (permute is None or is_whole(permute, 0)):
            raise ValueError(
                f"{path}: its read is {read!r:.40}, permute {permute!r:.40}, shape {shape!r:.40}"
            )
        return cls(read, permute, tuple(shape))  # type: ignore[arg-type]

    def to_spec(self) -> dict[str, Any]:
        """Return plain values for a spec."""
        return {"read": self.read, "permute": self.permute, "shape": list(self.shape)}

    def sequences(self, images: Images) -> Sequences:
        """Return N sequences of H steps with W * C channels, or of H * W steps with C channels.

        Raises ValueError when the images are not of the shape of the training images.
        """
        n, *shape = images.pixels.shape
        if tuple(shape) != self.shape:
            sizes = [" x ".join(map(str, some)) for some in (shape, self.shape)]
            raise ValueError(f"{images.path}: its images are {sizes[0]}, and those of training {sizes[1]}")
        steps = shape[0] if self.read == "rows" else shape[0] * shape[1]
        x = images.pixels.reshape(n, steps, -1)
        if self.permute is not None:
            x = x[:, np.random.default_rng(self.permute).permutation(steps)]
        return Sequences(
            path=images.path,
            lengths=np.full(n, steps, dtype=np.int64),
            values=x.reshape(n * steps, -1).astype(np.float32),
            channels=tuple(map(str, range(1, x.shape[2] + 1))),
            labels=images.labels,
            unit="image",
        )

"""Images as sequences: row by row or pixel by pixel, in their own order or in one that a seed permutes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.checkpoint import described
from seqtoolkit.data.labelled.image_files import Images
from seqtoolkit.data.labelled.sequences import Ints, Sequences
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
        x = x[:, self._places(steps)]
        return Sequences(
            path=images.path,
            lengths=np.full(n, steps, dtype=np.int64),
            values=x.reshape(n * steps, -1).astype(np.float32),
            channels=tuple(map(str, range(1, x.shape[2] + 1))),
            labels=images.labels,
            unit="image",
            groups=images.groups,
        )

    def shifted(self, inputs: Tensor, most: int, fill: float, random: torch.Generator) -> Tensor:
        """Move each of N images, read as inputs (N * steps, F), by up to `most` pixels up, down, left and right.

        Args:
            inputs: as a model reads them.
            most: pixels.
            fill: what comes in from outside, as a model reads it.
            random: draws the moves, each as likely as the others.
        """
        height, width, channels = self.shape
        steps = height if self.read == "rows" else height * width
        back = torch.from_numpy(np.argsort(self._places(steps)))
        images = inputs.view(-1, steps, inputs.shape[1])[:, back].reshape(-1, *self.shape)
        padded = images.new_full((len(images), height + 2 * most, width + 2 * most, channels), fill)
        padded[:, most : most + height, most : most + width] = images
        moves = torch.randint(0, 2 * most + 1, (2, len(images), 1), generator=random)
        rows, columns = moves[0] + torch.arange(height), moves[1] + torch.arange(width)
        moved = padded[torch.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]]
        read = moved.reshape(len(images), steps, -1)[:, torch.from_numpy(self._places(steps))]
        return read.reshape(inputs.shape)

    def _places(self, steps: int) -> Ints:
        """Return which step of the image each step of the sequence is."""
        if self.permute is None:
            return np.arange(steps)
        return np.random.default_rng(self.permute).permutation(steps)

"""Images as sequences: the class is answered after the last row, or after the last pixel."""

from __future__ import annotations

from abc import abstractmethod
from functools import cache

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.data.labelled.apart import SplitBy, kept_apart, was_by_group
from seqtoolkit.data.labelled.base import LabelledData
from seqtoolkit.data.labelled.image_files import Images, digests_of, read_images
from seqtoolkit.data.labelled.image_order import ImageOrder, Read
from seqtoolkit.data.labelled.sequences import Sequences


class ImageData(LabelledData):
    """Images with a class each; a task says which (`images`), and calls `order_and_specify`."""

    shared_scale = True  # a pixel is a pixel, wherever it is
    order: ImageOrder

    def __init__(
        self, batch_size: int, val_share: float, noise: float, shift: int, seed: int, inputs: str | None
    ) -> None:
        super().__init__(batch_size, val_share, noise, seed, inputs)
        if shift < 0:
            raise ValueError(f"shift is a number of pixels, 0 or more, and is {shift}")
        self.shift = shift
        self._images = cache(self.images)  # files are read once

    @abstractmethod
    def images(self, split: str) -> Images | None:
        """Return the images of a split, or None when there are none."""

    def order_and_specify(
        self, read: Read, permute: int | None, spec_of: str | None, files: dict[str, str]
    ) -> None:
        """Fix how images are read, or take it from a checkpoint, and complete `spec`."""
        if permute is not None and permute < 0:
            raise ValueError(f"permute is a seed, 0 or more, and is {permute}")
        if spec_of is None:
            train = self._images("train")
            if train is None:
                raise ValueError("no images to train on: add --data.train FILE")
            self.order = ImageOrder(read, permute, train.pixels.shape[1:])
        else:
            self.order = ImageOrder.of(spec_of)
        self.specify(spec_of, **self.order.to_spec(), files=files)

    def given(self, split: str) -> Sequences | None:
        """Return the images of a split as sequences."""
        found = self._images(split)
        return None if found is None else self.order.sequences(found)

    @property
    def augments(self) -> bool:
        """Whether images are moved, or get noise."""
        return self.shift > 0 or super().augments

    def augment(self, inputs: Tensor, random: torch.Generator) -> Tensor:
        """Move the images, and add noise; from outside comes 0, which is what surrounds most images."""
        fill = float(self.form.inputs.apply(np.zeros(len(self.form.inputs.names)))[0])
        moved = self.order.shifted(inputs, self.shift, fill, random) if self.shift else inputs
        return super().augment(moved, random)

    def typed(self, inputs: str) -> Sequences:
        """Read what a user wants answers for."""
        return self.order.sequences(read_images(inputs, labelled=False))


class ImageRowsData(ImageData):
    """Images, read row by row or pixel by pixel: IDX files (also .gz), as those of MNIST, or .npz without pickles.

    The labels of train-images-idx3-ubyte are read from train-labels-idx1-ubyte beside it. An .npz has x, (N, H, W) or
    (N, H, W, C), y, (N,), and where it knows them groups, (N,), whom or what each is of: none is in two splits. One may
    hold all splits: x_train, y_train, x_test, ... Pixels are scaled as the training images say, all alike.

    Args:
        train: file of training images
        val: file of validation images; without one, a share of the training images is held out
        test: file of test images
        val_share: of each class in the training file, or of its groups, chosen by a hash of them and the seed
        split: image by image (series), or by group, which needs an .npz with groups; auto: by group where it has them
        read: rows (a step for each row) or pixels (a step for each pixel)
        permute: seed of a permutation of the steps, the same for all images
        noise: standard deviation of what is added to the scaled pixels in training, anew in every epoch
        shift: pixels by which images are moved in training at most, up, down, left and right, anew in every epoch
        batch_size: training images in a batch, over all processes together
        seed: of the validation split and the order of the training batches
        inputs: what `predict` reads: an IDX or .npz file of images
        spec_of: a checkpoint whose classes, scaling and order are used, instead of those of the training images
    """

    task = "image-rows"
    files = ("train", "val", "test")

    def __init__(
        self,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        val_share: float = 0.1,
        split: SplitBy = "auto",
        read: Read = "rows",
        permute: int | None = None,
        noise: float = 0.0,
        shift: int = 0,
        batch_size: int = 64,
        seed: int = 0,
        inputs: str | None = None,
        spec_of: str | None = None,
    ) -> None:
        super().__init__(batch_size, val_share, noise, shift, seed, inputs)
        self.paths = {"train": train, "val": val, "test": test}
        self.split = split
        given = [digests_of(name, path) for name, path in self.paths.items() if path is not None]
        digests = {name: digest for some in given for name, digest in some.items()}
        if spec_of is not None and split == "auto" and not was_by_group(spec_of):
            self.split = "series"
        self.order_and_specify(read, permute, spec_of, digests)
        by_group = self.sequences("train").groups is not None if spec_of is None else was_by_group(spec_of)
        self.spec["by_group"] = by_group
        if spec_of is None and by_group:
            self._given("test")  # a group that is in it, too, is found before anything is trained

    def given(self, split: str) -> Sequences | None:
        """Read the file of a split, and keep its groups apart from those of others."""
        found = super().given(split)
        return None if found is None else kept_apart(found, split, self.split, self._given)

    def images(self, split: str) -> Images | None:
        """Read the file of a split."""
        path = self.paths[split]
        if path is None:
            return None
        found = read_images(path, split)
        if found.labels is None:
            raise ValueError(f"{path} has no array 'y' or 'y_{split}'; expected a class for each image")
        return found

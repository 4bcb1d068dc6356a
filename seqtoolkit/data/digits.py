"""Handwritten digits, 8 x 8 (Alpaydin & Kaynak 1998; UCI, CC BY 4.0, see digits.LICENSE), as scikit-learn has them.

Made from sklearn/datasets/data/digits.csv.gz of scikit-learn 1.9.1, whose columns are 64 pixels and the digit: written
as two IDX files of bytes, and compressed with xz.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from seqtoolkit.data.image_rows import ImageData
from seqtoolkit.data.labelled.image_files import Images, read_images
from seqtoolkit.data.labelled.image_order import Read
from seqtoolkit.data.shipped import check_shipped

SHA256 = {
    "images": "3d560d1d45a2614b2023e86cc7213a9298801383d803202a35b388fd75858e0c",
    "labels": "dd5cba62f41ec12db3a7b8b6b51e3f4e5c7a9d2f3ce0887639673ef6d0b56540",
}
HALF = 898  # images before the test


class DigitsData(ImageData):
    """Handwritten digits: 1,797 images of 8 x 8, read row by row or pixel by pixel.

    The first half (898 images) is for training, of which a share is held out for validation, the second half is the
    test, as in scikit-learn's example. The data is shipped.

    Args:
        val_share: of each digit in the first half, chosen by a hash of the image and the seed
        read: rows (8 steps of 8 pixels) or pixels (64 steps)
        permute: seed of a permutation of the steps, the same for all images
        noise: standard deviation of what is added to the scaled pixels in training, anew in every epoch
        shift: pixels by which images are moved in training at most, up, down, left and right, anew in every epoch
        batch_size: training images in a batch, over all processes together
        seed: of the validation split and the order of the training batches
        inputs: what `predict` reads: an IDX or .npz file of images
        spec_of: a checkpoint whose scaling and order are used, instead of those of the training images
    """

    task = "digits"

    def __init__(
        self,
        val_share: float = 0.2,
        read: Read = "rows",
        permute: int | None = None,
        noise: float = 0.0,
        shift: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        inputs: str | None = None,
        spec_of: str | None = None,
    ) -> None:
        super().__init__(batch_size, val_share, noise, shift, seed, inputs)
        self.order_and_specify(read, permute, spec_of, {})

    def images(self, split: str) -> Images | None:
        """Return one half of what was shipped."""
        halves = {"train": slice(HALF), "test": slice(HALF, None)}
        if split not in halves:
            return None
        every = digits()
        assert every.labels is not None
        return Images(every.path, every.pixels[halves[split]], every.labels[halves[split]])


@cache
def digits() -> Images:
    """Return all images. Raises ValueError when a file is not the one that was shipped."""
    files = {kind: Path(__file__).with_name(f"digits_{kind}.idx.xz") for kind in SHA256}
    paths = {kind: check_shipped(file, SHA256[kind]) for kind, file in files.items()}
    return read_images(paths["images"])

"""Images as sequences: in rows, in pixels, permuted and moved; files as those of MNIST; wrong ones are refused."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqtoolkit.cli import main
from seqtoolkit.data.image_rows import ImageRowsData
from seqtoolkit.data.labelled.image_files import Images, read_images
from seqtoolkit.data.labelled.image_order import ImageOrder
from tests.data.labelled_made import NAN, QUIET

IMAGES = np.arange(24).reshape(2, 3, 4)


def test_images_are_read_in_rows_in_pixels_and_permuted() -> None:
    images = Images("x.npz", IMAGES[..., None], ("a", "b"))
    rows = ImageOrder("rows", None, (3, 4, 1)).sequences(images)
    np.testing.assert_array_equal(rows.series(1), IMAGES[1])
    pixels = ImageOrder("pixels", None, (3, 4, 1)).sequences(images)
    np.testing.assert_array_equal(pixels.series(1)[:, 0], IMAGES[1].ravel())
    one, two = (ImageOrder("pixels", seed, (3, 4, 1)).sequences(images) for seed in (1, 2))
    assert sorted(one.series(0)[:, 0]) == sorted(IMAGES[0].ravel())
    np.testing.assert_array_equal(one.series(1) - one.series(0), np.full((12, 1), 12))  # all images alike
    assert one.series(0).tolist() != two.series(0).tolist() != pixels.series(0).tolist()
    colour = Images("x.npz", np.stack([IMAGES, -IMAGES], -1), None)
    assert ImageOrder("rows", None, (3, 4, 2)).sequences(colour).series(0).shape == (3, 8)
    with pytest.raises(ValueError, match=r"x.npz: its images are 3 x 4 x 2, and those of training 3 x 4 x 1"):
        ImageOrder("rows", None, (3, 4, 1)).sequences(colour)


@given(st.sampled_from(["rows", "pixels"]), st.sampled_from([None, 3]), st.integers(1, 3), st.integers(0, 9))
def test_a_moved_image_is_the_image_elsewhere(read: Any, permute: int | None, most: int, seed: int) -> None:
    order = ImageOrder(read, permute, (3, 4, 1))
    images = Images("x.npz", 1 + IMAGES[..., None], None)
    inputs = torch.from_numpy(order.sequences(images).values)
    moved = order.shifted(inputs, most, 0.0, torch.Generator().manual_seed(seed))
    assert moved.shape == inputs.shape
    plain = ImageOrder(read, None, (3, 4, 1))
    steps = 3 if read == "rows" else 12
    back = np.argsort(order._places(steps))
    seen = moved.view(2, steps, -1)[:, back].reshape(2, 3, 4).numpy()
    assert plain.shifted(inputs, 0, 0.0, torch.Generator()).shape == inputs.shape
    for image, found in zip(1 + IMAGES, seen, strict=True):
        padded = np.pad(image, most)
        places = [(r, c) for r in range(2 * most + 1) for c in range(2 * most + 1)]
        assert any((padded[r : r + 3, c : c + 4] == found).all() for r, c in places)


def idx(folder: Path, stem: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> str:
    path = folder / f"{stem}-images-idx3-ubyte"
    path.write_bytes(struct.pack(">HBBIII", 0, 8, 3, *images.shape) + images.tobytes())
    (folder / f"{stem}-labels-idx1-ubyte").write_bytes(
        struct.pack(">HBBI", 0, 8, 1, len(labels)) + labels.tobytes()
    )
    return str(path)


def test_the_command_line_reads_images_as_mnist_has_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (40, 4, 3), dtype=np.uint8)
    train = idx(tmp_path, "train", images, np.arange(40, dtype=np.uint8) % 2)
    run = tmp_path / "run"
    small = ["--model.d_model", "8", "--trainer.max_steps", "2", "--trainer.log_every_n_steps", "1", *QUIET]
    pixels = ["--data.read", "pixels", "--data.permute", "7", "--data.shift", "1"]
    options = ["--data", "ImageRowsData", "--data.train", train, *pixels, "--model.arch", "gru"]
    assert main(["fit", *options, *small, "--run", str(run)]) == 0
    best = str(run / "checkpoints" / "best.ckpt")
    np.savez(tmp_path / "mine.npz", x=images[:3])
    capsys.readouterr()
    assert main(["predict", "--ckpt_path", best, "--data.inputs", str(tmp_path / "mine.npz")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "sequence\tclass\tprobability"
    assert [line.split("\t")[0] for line in lines[1:]] == ["1", "2", "3"]
    data = ImageRowsData(spec_of=best, inputs=str(tmp_path / "mine.npz"))
    assert (data.order.read, data.order.permute) == ("pixels", 7)  # as it was trained, whatever is asked for
    np.savez(tmp_path / "other.npz", x=images[:, :3])
    with pytest.raises(
        ValueError, match=r"other.npz: its images are 3 x 3 x 1, and those of training 4 x 3 x 1"
    ):
        ImageRowsData(spec_of=best, inputs=str(tmp_path / "other.npz")).predict_dataloader()


def test_wrong_images_are_refused(tmp_path: Path) -> None:
    images = IMAGES.astype(np.uint8)
    path = idx(tmp_path, "a", images, np.zeros(3, dtype=np.uint8))
    with pytest.raises(
        ValueError, match=r"a-images.* has 2 images and labels of the shape \(3,\); expected a label"
    ):
        read_images(path)
    (tmp_path / "a-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueError, match=r"a-images-idx3-ubyte: no file of its labels, a-labels-idx1-ubyte;"):
        read_images(path)
    assert read_images(path, labelled=False).labels is None
    with pytest.raises(ValueError, match=r"no images to train on: add --data.train FILE"):
        ImageRowsData()
    other = str(tmp_path / "x.npz")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"x": images}, r"x.npz has no array 'y' or 'y_train'; expected a class for each image"),
        (
            {"x": images[0], "y": [0, 1]},
            r"its images are uint8 of the shape \(3, 4\); expected numbers, \(N, H, W\)",
        ),
        (
            {"x": images, "y": [0, NAN]},
            r"x.npz: the label of image 2 is no finite number; leave such images out",
        ),
        ({"x": images[:0], "y": []}, r"its images are uint8 of the shape \(0, 3, 4\)"),
        (
            {"x": np.where(images == 13, NAN, images), "y": [0, 1]},
            r"x.npz: image 2 has a pixel that is no finite",
        ),
    ]
    for arrays, message in cases:
        np.savez(other, **arrays)
        with pytest.raises(ValueError, match=message):
            ImageRowsData(other)
    np.savez(other, x=np.zeros((4, 2, 2)), y=[0, 1, 0, 1])
    for option, message in (
        ({"shift": -1}, r"shift is a number of pixels"),
        ({"permute": -1}, r"permute is a seed"),
    ):
        with pytest.raises(ValueError, match=message):
            ImageRowsData(other, **option)

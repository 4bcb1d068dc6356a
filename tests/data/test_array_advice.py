"""Whatever is wrong with arrays, the error says what to type to save them anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from seqtoolkit.data.labelled.files import read_labelled
from seqtoolkit.data.labelled.image_files import read_images
from seqtoolkit.data.labelled.mat_file import read_mat

X = np.arange(12.0).reshape(2, 3, 2)
OBJECTS = np.array([[1], [1, 2]], dtype=object)
ARRAYS: list[tuple[dict[str, Any], str]] = [
    (
        {"a": X},
        r"has no array 'x'; it has a\. Save it by that name: numpy\.savez\(FILE, x=\.\.\., y=\.\.\.\)",
    ),
    ({"x": X[0, 0]}, r"numpy\.savez\(FILE, x=numpy\.stack\(series\), y=y\)"),
    ({"x": X.astype(str)}, r"save x=x\.astype\(float\)"),
    ({"x": X + 1j}, r"save x=x\.astype\(float\)"),
    ({"x": OBJECTS}, r"padded to the longest, x=\(N, T, F\), with lengths=\(N,\)"),
    ({"x": X, "y": np.array(["a", 1], dtype=object)}, r"texts or numbers: y=y\.astype\(str\)"),
    (
        {"x": X, "groups": np.array(["a", 1], dtype=object)},
        r"Save plain texts: groups=groups\.astype\(str\)$",
    ),
    ({"x": X, "y": np.eye(2)}, r"y=y\.argmax\(1\) where it has a column for each class"),
    ({"x": X, "y": [1.0, np.nan]}, r"keep = numpy\.isfinite\(y\), then save x=x\[keep\], y=y\[keep\]"),
    ({"x": X, "lengths": [1.0, 2.0]}, r"save lengths=numpy\.array\(\[len\(one\) for one in series\]\)"),
    ({"x": X, "lengths": [4, 3]}, r"pad x to the longest .* save lengths=numpy\.array"),
    ({"x": X, "channels": ["a", "a"]}, r"save channels=numpy\.array\("),
    ({"x": X, "groups": [1.5, 2]}, r"save groups=numpy\.array\("),
]


@pytest.mark.parametrize(("arrays", "advice"), ARRAYS)
def test_an_npz_of_series(arrays: dict[str, Any], advice: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match=advice) as error:
        read_labelled(str(tmp_path / "x.npz"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arrays", "advice"),
    [
        ({"x": X[0], "y": [1, 2, 3]}, r"numpy\.savez\(FILE, x=numpy\.stack\(images\), y=labels\)"),
        ({"x": X, "y": [1, 2, 3]}, r"save y=numpy\.array\("),
    ],
)
def test_an_npz_of_images(arrays: dict[str, Any], advice: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match=advice):
        read_images(str(tmp_path / "x.npz"))


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"songs": X},
            r"x\.mat has no variable x; expected a \.mat file, .* It has songs\. Type in MATLAB: ",
        ),
        ({"x": {"a": 1}}, r"its x is .*; expected numbers, frames by notes \(T, K\)\. Type in MATLAB: "),
        ({"x": "do re mi"}, r"its x is <U8 .*; expected numbers"),
        ({"x": np.array([X[0], "la"], dtype=object)}, r"its x, cell 2 is <U2 .*; expected numbers"),
        ({"x": np.zeros((2, 2, 2, 2))}, r"its x is float64 of the shape \(2, 2, 2, 2\); expected numbers"),
    ],
)
def test_a_mat_of_rolls(variables: dict[str, Any], message: str, tmp_path: Path) -> None:
    savemat(tmp_path / "x.mat", variables)
    with pytest.raises(ValueError, match=message) as error:
        read_mat(str(tmp_path / "x.mat"), ("x",))
    assert "x = {first, second}; save('FILE.mat', 'x', '-v7')" in str(error.value)

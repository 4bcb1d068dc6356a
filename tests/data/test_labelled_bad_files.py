"""Files of labelled sequences that are wrong are refused with the place of the mistake."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqtoolkit.data.labelled.files import read_labelled
from seqtoolkit.data.labelled.npz_file import read_npz
from seqtoolkit.data.labelled.ts_file import read_ts
from seqtoolkit.data.shipped import check_shipped
from tests.data.sequence_files import HEAD, X

BAD = {
    "": r"x.ts has no @data line; expected a .ts file: lines such as '@classLabel true a b'",
    "# nothing\n": r"x.ts has no @data line",
    "1,2:a\n": r"x.ts, line 1: '1,2:a' before @data; expected a .ts file",
    HEAD: r"x.ts has no sequence after @data",
    HEAD
    + "1,2:3,4:a\n1,2:a\n": r"x.ts, line 4: 1 channels, and the first sequence has 2; expected as many .*cut off",
    "@dimensions 3\n" + HEAD + "1:2:a\n": r"line 4: 2 channels, and the header declares 3",
    "@univariate true\n" + HEAD + "1:2:a\n": r"line 4: 2 channels, and the header declares 1",
    "@univariate true\n@dimensions 3\n" + HEAD: r"line 4: @univariate true contradicts @dimensions 3",
    HEAD + "a\n": r"line 3: a label and no channel; expected lines such as",
    HEAD + "1,2:3:a\n": r"line 3: channel 2 has 1 steps and channel 1 has 2; expected as many in each",
    HEAD + "1,2::a\n": r"line 3: channel 2 has no values; expected some such as 1.0,2.0",
    HEAD + ":a\n": r"line 3: channel 1 has no values",
    HEAD + "1,x,3:a\n": r"line 3: channel 1 has 'x'; expected numbers, and \? where one is missing",
    HEAD + "1,,3:a\n": r"line 3: channel 1 has ''; expected numbers",
    HEAD + "1,2:a\n1,inf:a\n": r"x.ts, line 4: channel '1' is infinite at step 2; expected finite numbers",
    HEAD + "1,1e300:a\n": r"x.ts, line 3: channel '1' is 1e\+300, too large for single precision, at step 2",
    HEAD + "1,2:c\n": r"line 3: the label 'c' is none of @classLabel, a b; mend one of them",
    HEAD + "1,2:a\n1,2\n": r"line 4: the label '1,2' is none|line 4: .*channel",
    "@equalLength true\n"
    + HEAD
    + "1,2:a\n1:a\n": r"line 5: 1 steps, .* all have 2; write @equalLength false",
    "@equalLength true\n@seriesLength 3\n" + HEAD + "1,2:a\n": r"line 5: 2 steps, .* all have 3",
    "@timeStamps true\n"
    + HEAD
    + "(0,1):a\n": r"line 3: @timeStamps true: .* are not read; write the values alone",
    "@classLabel true\n": r"line 1: @classLabel true names no class; expected them behind it",
    "@classLabel true a a\n": r"line 1: @classLabel names 'a' twice; name each class once",
    "@equalLength perhaps\n": r"line 1: @equalLength 'perhaps'; expected true or false behind it",
    "@dimensions 0\n": r"line 1: @dimensions '0'; expected a whole number behind it, 1 or more",
    "@targetLabel true\n@data\n1,2:high\n": r"line 3: the target 'high' is no finite number; expected one such as 0.5",
    "@targetLabel true\n@data\n1,2:nan\n": r"line 3: the target 'nan' is no finite number",
}


@pytest.mark.parametrize("text", BAD)
def test_a_wrong_ts_file_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.ts"
    path.write_text(text)
    with pytest.raises(ValueError, match=BAD[text]):
        read_ts(str(path))


def test_files_that_are_no_text_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "x.ts"
    path.write_bytes(HEAD.encode() + b"\xff\n")
    with pytest.raises(ValueError, match=r"x.ts, line 3: not UTF-8; expected a .ts file"):
        read_ts(str(path))
    with pytest.raises(ValueError, match=r"cannot read .*none.ts: No such file.*; expected a .ts file"):
        read_labelled(str(tmp_path / "none.ts"))
    with pytest.raises(ValueError, match=r"x.csv: its name ends in none of .ts, .ts.gz, .ts.xz, .npz"):
        read_labelled("x.csv")


BAD_ARRAYS: list[tuple[dict[str, Any], str]] = [
    ({"x": X[0, 0]}, r"x.npz: its x has the shape \(2,\); expected \(N, T, F\)"),
    ({"x": X[:0]}, r"its x has the shape \(0, 3, 2\); .*none of them 0"),
    ({"x": X[:, :0]}, r"its x has the shape \(2, 0, 2\)"),
    ({"x": np.array([["a"]])}, r"its x holds texts; expected numbers"),
    ({"x": X + 1j}, r"its array 'x' is of type complex128; expected numbers or texts"),
    ({"x": X, "y": [1, 2, 3]}, r"its y has the shape \(3,\); expected \(2,\), a label for each sequence"),
    ({"x": X, "y": [1.0, np.nan]}, r"x.npz, row 2: its y is nan; expected a finite number"),
    ({"x": X, "lengths": [3, 0]}, r"x.npz, row 2: its length is 0; expected 1 to 3, the steps of x"),
    ({"x": X, "lengths": [4, 3]}, r"x.npz, row 1: its length is 4; expected 1 to 3"),
    (
        {"x": X, "lengths": [1.0, 2.0]},
        r"its lengths are float64 of the shape \(2,\); expected whole numbers, \(2,\)",
    ),
    ({"x": X, "channels": ["a", "a"]}, r"its channels are a, a; expected 2 different names"),
    ({"x": np.where(X == 7, np.inf, X)}, r"x.npz, row 2: channel '2' is infinite at step 1"),
    ({"y": [1]}, r"x.npz has no array 'x' or 'x_train'; it has y"),
    ({"x": np.array([X, None], dtype=object)}, r"its array 'x' is of Python objects, .* it is not opened"),
    ({"x": X, "y": np.array(["a", 1], dtype=object)}, r"its array 'y' is of Python objects"),
]


@pytest.mark.parametrize(("arrays", "message"), BAD_ARRAYS)
def test_wrong_arrays_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message):
        read_labelled(str(path), "train")


def test_what_is_no_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    whole = io.BytesIO()
    np.savez_compressed(whole, x=np.random.default_rng(0).normal(size=1000))
    single = io.BytesIO()
    np.save(single, X)
    middle = whole.getvalue()[:500] + b"\0" * 500 + whole.getvalue()[1000:]
    for content in (b"", b"no archive", whole.getvalue()[:-50], middle, single.getvalue()):
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match=r"x.npz is damaged, or no .npz file .*; expected an .npz file, as numpy"
        ):
            read_npz(str(path), ("x",))


def test_a_shipped_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ts.xz"
    path.write_bytes(b"1")
    with pytest.raises(ValueError, match=r"x.ts.xz is damaged: its sha256 is 6b86b273ff34…, expected 0000"):
        check_shipped(path, "0" * 64)

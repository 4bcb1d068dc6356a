"""Files of labelled sequences: what is written is what is read, and each mistake is said with its place."""

from __future__ import annotations

import gzip
import io
import lzma
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.data.labelled.arrays import of_arrays
from seqtoolkit.data.labelled.files import read_labelled, with_target
from seqtoolkit.data.labelled.npz_file import read_npz
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.labelled.ts_file import read_ts
from seqtoolkit.data.shipped import check_shipped

HEAD = "@classLabel true a b\n@data\n"


def written(found: Sequences) -> str:
    """Write sequences as a .ts file."""
    classes = isinstance(found.labels, tuple)
    kind = f"@classLabel true {' '.join(found.classes)}" if classes else "@targetLabel true"
    rows = []
    for row in range(len(found)):
        channels = [
            ",".join("?" if math.isnan(v) else repr(v) for v in one) for one in found.series(row).T.tolist()
        ]
        label = "" if found.labels is None else f":{found.labels[row]}"
        rows.append(":".join(channels) + label)
    return "\n".join([*([] if found.labels is None else [kind]), "@data", *rows, ""])


VALUES = st.one_of(st.floats(width=32, allow_infinity=False), st.just(float("nan")))


@st.composite
def sequences(draw: st.DrawFn) -> Sequences:
    width = draw(st.integers(1, 3))
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    values = [[draw(VALUES) for _ in range(width)] for _ in range(sum(lengths))]
    labels: Any = draw(st.sampled_from(["classes", "values", None]))
    if labels == "classes":
        labels = tuple(draw(st.sampled_from("ab")) for _ in lengths)
    elif labels == "values":
        labels = np.array([draw(st.floats(-1e9, 1e9)) for _ in lengths])
    classes = ("a", "b") if isinstance(labels, tuple) else ()
    return Sequences(
        path="x.ts",
        lengths=np.array(lengths),
        values=np.array(values, dtype=np.float32),
        channels=tuple(map(str, range(1, width + 1))),
        labels=labels,
        classes=classes,
    )


def same(one: Sequences, two: Sequences) -> None:
    np.testing.assert_array_equal(one.lengths, two.lengths)
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(np.asarray(one.labels), np.asarray(two.labels))
    assert (one.channels, one.classes) == (two.channels, two.classes)


@settings(max_examples=25)
@given(sequences())
def test_ts_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, found: Sequences) -> None:
    path = tmp_path_factory.mktemp("ts") / "x.ts"
    path.write_text(written(found))
    same(read_labelled(str(path)), found)


@settings(max_examples=25)
@given(sequences())
def test_npz_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, found: Sequences) -> None:
    steps = int(found.lengths.max())
    x = np.full((len(found), steps, len(found.channels)), np.inf)  # padding is not read
    for row in range(len(found)):
        x[row, : found.lengths[row]] = found.series(row)
    given_labels = {} if found.labels is None else {"y": np.array(found.labels)}
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    np.savez_compressed(path, x=x, lengths=found.lengths, channels=np.array(found.channels), **given_labels)
    read = read_labelled(str(path))
    np.testing.assert_array_equal(read.values, found.values)
    np.testing.assert_array_equal(np.asarray(read.labels), np.asarray(found.labels))


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_packed_files_are_the_same_and_say_when_they_are_cut_off(
    tmp_path: Path, ending: str, pack: Any
) -> None:
    plain, packed = tmp_path / "x.ts", tmp_path / f"x.ts{ending}"
    plain.write_text(HEAD + "".join(f"{n},{n * n}:a\n" for n in range(3000)))
    packed.write_bytes(pack(plain.read_bytes()))
    same(read_labelled(str(packed)), read_labelled(str(plain)))
    packed.write_bytes(packed.read_bytes()[:-100])
    with pytest.raises(ValueError, match=rf"x.ts{ending} is damaged or cut off .*copy it again"):
        read_labelled(str(packed))
    packed.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=rf"x.ts{ending}"):
        read_labelled(str(packed))


def test_comments_case_windows_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.ts"
    path.write_bytes(
        b"\xef\xbb\xbf# one\r\n@PROBLEMNAME x\r\n@Dimensions 2\r\n@classlabel TRUE b a\r\n\r\n"
        b"@DATA\r\n# two\r\n1, 2 : ?,4 : a\r\n\r\n5:6:b\r\n"
    )
    found = read_ts(str(path))
    assert found.labels == ("a", "b")
    assert found.classes == ("b", "a")
    assert found.lengths.tolist() == [2, 1]
    np.testing.assert_array_equal(found.values, np.array([[1, np.nan], [2, 4], [5, 6]], dtype=np.float32))
    assert found.where(1).endswith("x.ts, line 10")


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
    HEAD + "1,1e300:a\n": r"x.ts, line 3: channel '1' is infinite at step 2",
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


X = np.arange(12.0).reshape(2, 3, 2)
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


def test_a_file_may_hold_all_splits(tmp_path: Path) -> None:
    path = str(tmp_path / "x.npz")
    np.savez(path, x_train=X, y_train=["b", "a"], x_test=X[:1], y_test=["a"])
    assert read_labelled(path, "train").labels == ("b", "a")
    assert read_labelled(path, "test").labels == ("a",)
    with pytest.raises(ValueError, match=r"no array 'x' or 'x_val'; it has x_train, y_train, x_test, y_test"):
        read_labelled(path, "val")


def test_labels_are_taken_as_classes_or_as_values() -> None:
    numbers = of_arrays("x.npz", {"x": X, "y": np.array([1.0, 2.5])})
    assert with_target(numbers, "auto") is numbers
    named = with_target(numbers, "classes")
    assert named.labels == ("1", "2.5")
    np.testing.assert_array_equal(np.asarray(with_target(named, "values").labels), [1.0, 2.5])
    texts = of_arrays("x.npz", {"x": X, "y": np.array(["1", "high"])})
    with pytest.raises(
        ValueError, match=r"x.npz, row 2: its label is 'high'; expected a finite number, or --data"
    ):
        with_target(texts, "values")
    assert of_arrays("x.npz", {"x": X, "y": np.array([True, False])}).labels == ("True", "False")


@settings(max_examples=25)
@given(sequences(), st.data())
def test_taking_some_keeps_their_steps_labels_and_places(found: Sequences, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(found) - 1)))
    taken = found.take(rows)
    assert len(taken) == len(rows)
    for place, row in enumerate(rows):
        np.testing.assert_array_equal(taken.series(place), found.series(row))
        assert taken.where(place) == found.where(row)
        if found.labels is not None:
            assert taken.labels is not None
            assert taken.labels[place] == found.labels[row]
    assert all(taken.owner(int(step)) == place for place, step in enumerate(taken.starts))


def test_a_shipped_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ts.xz"
    path.write_bytes(b"1")
    with pytest.raises(ValueError, match=r"x.ts.xz is damaged: its sha256 is 6b86b273ff34…, expected 0000"):
        check_shipped(path, "0" * 64)

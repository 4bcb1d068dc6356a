"""Files of labelled sequences: what is written is what is read, packed or not."""

from __future__ import annotations

import gzip
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
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.labelled.ts_file import read_ts
from tests.data.sequence_files import HEAD, X


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

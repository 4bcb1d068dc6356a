"""A group of labelled series, such as a subject, is in one split only: what is learned of it is not measured on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.data.image_rows import ImageRowsData
from seqtoolkit.data.labelled.apart import hold_out_groups
from seqtoolkit.data.labelled.arrays import of_arrays
from seqtoolkit.data.labelled_series import LabelledSeriesData
from tests.core.test_export import saved as checkpoint

RANDOM = np.random.default_rng(0)


def arrays(groups: Any, split: str = "") -> dict[str, Any]:
    n, end = len(groups), f"_{split}" if split else ""
    x = RANDOM.normal(size=(n, 3, 2))
    return {f"x{end}": x, f"y{end}": np.arange(n) % 2, f"groups{end}": np.array(groups)}


def saved(path: Path, *some: dict[str, Any]) -> str:
    np.savez(path, **{name: array for one in some for name, array in one.items()})
    return str(path)


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=60).filter(lambda groups: len(set(groups)) > 1),
    st.floats(0.05, 0.95),
    st.integers(0, 9),
)
def test_no_group_is_divided_and_the_order_of_the_file_does_not_matter(
    groups: list[int], share: float, seed: int
) -> None:
    found = of_arrays("x.npz", arrays(groups))
    train, val = hold_out_groups(found, share, seed)
    assert sorted([*train, *val]) == list(range(len(groups)))
    sides = [{groups[row] for row in rows} for rows in (train, val)]
    assert not sides[0] & sides[1]
    assert len(sides[1]) == min(len(set(groups)) - 1, max(1, round(share * len(set(groups)))))
    order = np.random.default_rng(seed).permutation(len(groups))
    again = hold_out_groups(found.take(order), share, seed)[1]
    assert {groups[order[row]] for row in again} == sides[1]


def test_the_data_module_keeps_groups_apart_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.npz", arrays(np.repeat(["ann", "bob", "cleo", "dan", "eve"], 8)))
    data = LabelledSeriesData(path)
    sides = [set(data.sequences(split).groups or ()) for split in ("train", "val")]
    assert not sides[0] & sides[1]
    assert (len(sides[0]), len(sides[1])) == (4, 1)
    alike = LabelledSeriesData(path, split="series").sequences("val")
    assert (len(alike), alike.groups) == (8, None)  # a fifth of each class, of whomever


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_group_in_two_files_is_refused(split: Any, tmp_path: Path) -> None:
    path = saved(tmp_path / "x.npz", arrays([1, 1, 2, 2, 3], "train"), arrays([4, 2, 5, 5], split))
    with pytest.raises(
        ValueError, match=rf"the group '2' is in {split}, and in train .* --data.split series"
    ):
        LabelledSeriesData(path, **{split: path})  # before anything is trained
    assert len(LabelledSeriesData(path, **{split: path}, split="series").sequences(split)) == 4


def test_groups_that_cannot_be_kept_apart(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"all its 4 sequences are of the group 'ann', and a group is not div"
    ):
        LabelledSeriesData(saved(tmp_path / "x.npz", arrays(["ann"] * 4)))
    (tmp_path / "x.ts").write_text("@classLabel true a b\n@data\n1,2:a\n2,3:b\n3,1:a\n4,1:b\n")
    with pytest.raises(ValueError, match=r"x.ts does not say whom .* an .npz with an array groups"):
        LabelledSeriesData(str(tmp_path / "x.ts"), split="group")
    for wrong in ([1.5, 2.5], ["a"], [["a"], ["b"]]):
        content = arrays([1, 2]) | {"groups": np.array(wrong)}
        with pytest.raises(ValueError, match=r"its groups are .*; expected \(2,\) texts or whole numbers"):
            of_arrays("x.npz", content)


def test_a_class_that_only_the_held_out_groups_have_is_named(tmp_path: Path) -> None:
    content = arrays(np.repeat(["ann", "bob", "cleo", "dan"], 3))
    content["y"] = np.repeat(["a", "b", "c", "d"], 3)  # a class for each group
    path = saved(tmp_path / "x.npz", content)
    with pytest.raises(
        ValueError,
        match=r"all sequences of the class '[abcd]' are of groups that are held out .* --data.seed",
    ):
        LabelledSeriesData(path)
    assert len(LabelledSeriesData(path, split="series").sequences("val")) == 4


def test_a_checkpoint_keeps_the_split_of_its_run(tmp_path: Path) -> None:
    """One from before groups were read was split one by one: other series would be some that it has learned."""
    path = saved(tmp_path / "x.npz", arrays(np.repeat(["ann", "bob", "cleo", "dan", "eve"], 8)))
    for name, spec in (("now", LabelledSeriesData(path).spec), ("series", None)):
        spec = spec or LabelledSeriesData(path, split="series").spec
        data = LabelledSeriesData(path, spec_of=str(checkpoint(tmp_path / name, "gru", spec)))
        kept = LabelledSeriesData(path, split="auto" if name == "now" else "series").sequences("val")
        assert np.array_equal(data.sequences("val").values, kept.values)
        assert data.spec["by_group"] == (name == "now")


@pytest.mark.parametrize("lacking", ["train", "test"])
def test_a_file_without_groups_beside_one_that_has_them_is_noted(
    lacking: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are not compared, and a user who thinks so would take what was learned for what is known."""
    some = {"train": arrays(np.repeat([1, 2, 3], 4), "train"), "test": arrays([4, 4, 1, 1], "test")}
    del some[lacking][f"groups_{lacking}"]
    path = saved(tmp_path / "x.npz", *some.values())
    LabelledSeriesData(path, test=path).test_dataloader()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{lacking} ({path}) has none: whether a group is in both cannot be checked" in said
    LabelledSeriesData(path, test=path, split="series").test_dataloader()
    assert not capsys.readouterr().err
    with pytest.raises(ValueError, match=r"does not say whom its sequences are of"):
        LabelledSeriesData(path, test=path, split="group").test_dataloader()


def test_images_of_a_group_are_in_one_split_only(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.npz", arrays(np.repeat(["ann", "bob", "cleo", "dan", "eve"], 8)))
    data = ImageRowsData(images_of(path), val_share=0.2)
    sides = [set(data.sequences(split).groups or ()) for split in ("train", "val")]
    assert not sides[0] & sides[1]
    assert (len(sides[0]), len(sides[1])) == (4, 1)
    run = str(checkpoint(tmp_path / "run", "gru", data.spec))
    again = ImageRowsData(path, val_share=0.2, spec_of=run).sequences("val")
    assert np.array_equal(again.values, data.sequences("val").values)
    alike = ImageRowsData(path, val_share=0.2, split="series")
    assert (len(alike.sequences("val")), alike.spec["by_group"]) == (8, False)
    older = {
        name: value for name, value in alike.spec.items() if name != "by_group"
    }  # before groups were read
    again = ImageRowsData(
        path, val_share=0.2, spec_of=str(checkpoint(tmp_path / "old", "gru", older))
    ).sequences("val")
    assert np.array_equal(again.values, alike.sequences("val").values)
    with pytest.raises(ValueError, match=r"the group 'ann' is in test, and in train .* --data.split series"):
        ImageRowsData(path, test=path)  # before anything is trained
    images = dict(np.load(path))
    images["groups"] = images["groups"][1:]
    with pytest.raises(ValueError, match=r"its groups are .*; expected \(40,\) texts or whole numbers"):
        ImageRowsData(saved(tmp_path / "y.npz", images))


def images_of(path: str) -> str:
    """Make the series of a file images, of one channel."""
    content = dict(np.load(path))
    return saved(Path(path), content | {"x": (100 * content["x"]).astype(np.int64)})

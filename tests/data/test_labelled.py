"""Labelled series and images: what training fits is kept, files are matched by name, and nothing is silently wrong."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqtoolkit.cli import main
from seqtoolkit.data.digits import DigitsData, digits
from seqtoolkit.data.image_rows import ImageRowsData
from seqtoolkit.data.labelled.channel_scale import ChannelScale
from seqtoolkit.data.labelled.form import LabelledForm
from seqtoolkit.data.labelled.holdout import hold_out
from seqtoolkit.data.labelled.image_files import Images, read_images
from seqtoolkit.data.labelled.image_order import ImageOrder
from seqtoolkit.data.labelled.sequence_gaps import fill_gaps
from seqtoolkit.data.labelled.sequences import Sequences, in_order
from seqtoolkit.data.labelled_series import LabelledSeriesData
from seqtoolkit.data.vowels import VowelsData, vowels

NAN = float("nan")
QUIET = ["--trainer.enable_progress_bar", "false"]


def series(values: list[list[list[float]]], labels: Any = None, names: str = "ab") -> Sequences:
    lengths = np.array([len(one) for one in values])
    flat = np.concatenate([np.array(one, dtype=np.float32) for one in values])
    return Sequences("x.ts", lengths, flat, tuple(names), labels)


def drawn(n: int = 24, seed: int = 0) -> Sequences:
    """Series of two channels in which the sign of the first value is the class."""
    random = np.random.default_rng(seed)
    values = [random.normal(size=(random.integers(1, 5), 2)).tolist() for _ in range(n)]
    return series(values, tuple("up" if one[0][0] > 0 else "down" for one in values))


def save_ts(path: Path, found: Sequences, kind: str = "@classLabel true down up") -> str:
    rows = []
    for row in range(len(found)):
        channels = [",".join(map(repr, one)) for one in found.series(row).T.tolist()]
        label = "" if found.labels is None else f":{found.labels[row]}"
        rows.append(":".join(channels) + label)
    path.write_text("\n".join([kind, "@data", *rows, ""]))
    return str(path)


def test_a_series_is_asked_at_its_last_step_in_the_units_of_training() -> None:
    train = series([[[1, 10], [3, 10]], [[5, 10]], [[7, 10]]], ("p", "q", "q"))
    form = LabelledForm.fit(train, "error", shared=False)
    assert (form.classes, form.class_counts) == (("p", "q"), (1, 2))
    batch = form.examples(series([[[4, 12], [4, 12]], [[8, 11]]], ("q", "p"))).collate(torch.arange(2))
    deviation = np.std([1, 3, 5, 7])
    expected = [[[0, 2], [0, 2]], [[4 / deviation, 1], [0, 0]]]  # a constant channel keeps its scale
    np.testing.assert_allclose(batch.inputs.numpy(), np.array(expected), rtol=1e-6)
    assert batch.mask.tolist() == [[False, True], [True, False]]
    assert batch.targets[batch.mask].tolist() == [1, 0]


def test_channels_are_matched_by_name() -> None:
    found = in_order(series([[[1, 2]]], names="ba"), ("a", "b"))
    assert found.values.tolist() == [[2, 1]]
    for names in ("ac", "abc", "a"):
        one = series([[[1.0] * len(names)]], names=names)
        with pytest.raises(
            ValueError,
            match=rf"x.ts has {len(names)} channels, and in training there were 2: '[bc]' (is m|was n)",
        ):
            in_order(one, ("a", "b"))


def test_missing_values_come_from_the_past_of_their_own_series() -> None:
    found = series([[[NAN, 1], [2, NAN], [NAN, NAN]], [[NAN, 5]]])
    filled = fill_gaps(found, found.values, ["a"])
    expected = [[0, 1, 0], [2, 1, 1], [2, 1, 0], [0, 5, 0]]
    np.testing.assert_array_equal(filled, np.array(expected, dtype=np.float32))


@given(st.lists(st.lists(st.sampled_from([NAN, 1.0, 2.0]), min_size=1, max_size=5), min_size=1, max_size=4))
def test_filling_never_looks_ahead(columns: list[list[float]]) -> None:
    found = series([[[value] for value in column] for column in columns], names="a")
    filled = iter(fill_gaps(found, found.values, [])[:, 0].tolist())
    for column in columns:
        last = 0.0
        for value in column:
            last = last if value != value else value
            assert next(filled) == last


def test_missing_values_are_refused_filled_or_marked(tmp_path: Path) -> None:
    gaps = series([[[1, NAN], [2, 2]], [[3, 4]]] * 4, ("down", "up") * 4)
    path = tmp_path / "x.npz"
    x = np.array([[[1, NAN], [2, 2]], [[3, 4], [0, 0]]] * 4)
    np.savez(path, x=x, lengths=[2, 1] * 4, y=gaps.labels)
    with pytest.raises(
        ValueError,
        match=r"x.npz, row \d: channel '2' has no value at step 1 \(3 are .* --data.missing forward",
    ):
        LabelledSeriesData(str(path), val_share=0.25)
    assert LabelledSeriesData(str(path), missing="forward").spec["num_features"] == 2
    marked = LabelledSeriesData(str(path), missing="mask", noise=9.0)
    assert (marked.spec["num_features"], marked.spec["masked"]) == (3, ["2"])
    batch = next(iter(marked.train_dataloader()))
    assert set(batch.inputs[..., 2][:, 0].tolist()) == {0.0, 1.0}  # noise leaves the marks alone
    empty = x.copy()
    empty[..., 1] = NAN
    np.savez(path, x=empty, y=gaps.labels)
    with pytest.raises(
        ValueError, match=r"x.npz: channel '2' has no value in any training sequence; leave it out"
    ):
        LabelledSeriesData(str(path), missing="forward")


@settings(max_examples=30)
@given(st.integers(2, 30), st.floats(0.05, 0.95), st.integers(0, 9))
def test_what_is_held_out_depends_on_the_series_alone(n: int, share: float, seed: int) -> None:
    found = drawn(n, seed)
    order = np.random.default_rng(seed).permutation(n)
    assert isinstance(found.labels, tuple)
    if all(found.labels.count(name) == 1 for name in found.labels):
        with pytest.raises(
            ValueError, match=r"x.ts: \d sequences are too few to keep a share of .* --data.val FILE"
        ):
            hold_out(found, share, seed)
        return
    train, val = hold_out(found, share, seed)
    assert sorted([*train, *val]) == list(range(n))
    other = found.take(order)
    kept = {other.series(row).tobytes() for row in hold_out(other, share, seed)[1]}
    assert kept == {found.series(row).tobytes() for row in val}
    for name in set(found.labels):
        count = found.labels.count(name)
        held = sum(found.labels[row] == name for row in val)
        assert held == min(count - 1, max(1, round(count * share)))


def test_another_seed_holds_out_others() -> None:
    assert hold_out(drawn(), 0.3, 0)[1].tolist() != hold_out(drawn(), 0.3, 1)[1].tolist()
    with pytest.raises(ValueError, match=r"val_share is 1; expected more than 0 and less than 1"):
        hold_out(drawn(), 1, 0)


def test_noise_is_new_in_every_epoch_and_the_same_for_a_seed(tmp_path: Path) -> None:
    path = save_ts(tmp_path / "x.ts", drawn())
    data, plain = LabelledSeriesData(path, noise=0.5), LabelledSeriesData(path)

    def epoch(data: LabelledSeriesData, number: int) -> NDArray[Any]:
        batches = data.train_dataloader()
        batches.set_epoch(number)
        found = {int(i): x for b in batches for i, x in zip(b.index, b.inputs[:, 0], strict=True)}  # type: ignore[arg-type]
        return np.array([found[i].numpy() for i in sorted(found)])

    assert (epoch(data, 1) == epoch(data, 1)).all()
    noise = epoch(data, 1) - epoch(plain, 1)
    assert (noise != epoch(data, 2) - epoch(plain, 2)).all()
    assert 0.3 < noise.std() < 0.7
    assert (epoch(plain, 1) == epoch(plain, 2)).all()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, r"no sequences to train on: add --data.train FILE"),
    (
        {"train": "one"},
        r"one.ts: all 2 training sequences are of the class 'up'; expected two classes or more",
    ),
    ({"train": "none"}, r"none.ts has no labels; expected one for each sequence to learn from"),
    ({"train": "good", "batch_size": 0}, r"batch_size must be at least 1, got 0"),
    ({"train": "good", "noise": -1.0}, r"noise is a standard deviation, 0 or more, and is -1.0"),
    ({"train": "good", "val_share": 0.0}, r"val_share is 0.0; expected more than 0"),
    ({"train": "good", "target": "values"}, r"good.ts, line 3: its label is 'up'; expected a finite number"),
    ({"train": "lost"}, r"cannot read .*lost.ts: No such file"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_impossible_choices(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    save_ts(tmp_path / "good.ts", series([[[1, 2]], [[2, 1]]] * 3, ("up", "down") * 3))
    save_ts(tmp_path / "one.ts", series([[[1, 2]], [[2, 1]]], ("up", "up")))
    save_ts(tmp_path / "none.ts", series([[[1, 2]]]), "@classLabel false")
    options = {
        **options,
        **({"train": str(tmp_path / f"{options['train']}.ts")} if "train" in options else {}),
    }
    if options.get("val_share") is None and "one.ts" in options.get("train", ""):
        options["val"] = options["train"]
    with pytest.raises(ValueError, match=message):
        LabelledSeriesData(**options)


def test_files_that_do_not_fit_the_training_file(tmp_path: Path) -> None:
    train = save_ts(tmp_path / "train.ts", drawn())
    strange = save_ts(tmp_path / "strange.ts", series([[[1, 2]]], ("left",)), "@classLabel true left")
    wide = save_ts(tmp_path / "wide.ts", series([[[1, 2, 3]]], ("up",), "abc"))
    plain = save_ts(tmp_path / "plain.ts", series([[[1, 2]]]), "@classLabel false")
    with pytest.raises(
        ValueError, match=r"strange.ts, line 3: its label is 'left', and no training .* down, up; mend"
    ):
        LabelledSeriesData(train, test=strange).test_dataloader()
    with pytest.raises(
        ValueError, match=r"wide.ts has 3 channels, and in training there were 2: '3' was not there"
    ):
        LabelledSeriesData(train, val=wide).val_dataloader()
    with pytest.raises(ValueError, match=r"plain.ts has no classes; expected a class for each sequence"):
        LabelledSeriesData(train, test=plain).metrics("test")
    with pytest.raises(ValueError, match=r"no test sequences: add --data.test FILE"):
        LabelledSeriesData(train).test_dataloader()
    with pytest.raises(ValueError, match=r"nothing to predict: add --data.inputs FILE"):
        LabelledSeriesData(train).predict_dataloader()


def test_a_form_comes_back_from_its_spec_and_not_from_a_damaged_one() -> None:
    form = LabelledForm.fit(drawn(), "mask", shared=False)
    spec = json.loads(json.dumps(form.to_spec()))
    assert LabelledForm._of(spec).to_spec() == spec
    values = LabelledForm.fit(series([[[1, 2]], [[2, 1]]], np.array([1.0, 3.0])), "error", shared=False)
    assert LabelledForm._of(json.loads(json.dumps(values.to_spec()))).to_spec() == values.to_spec()
    damage: dict[str, Any] = {
        "inputs": [None, {}, {**spec["inputs"], "scale": [0, 1]}, {**spec["inputs"], "center": [NAN, 0]}],
        "classes": [None, [1, 2], ["a"]],
        "class_counts": [[1], [-1, 2], "12"],
        "masked": [["z"], 5],
        "num_features": [3, None],
        "missing": ["guess"],
    }
    for name, wrong in damage.items():
        for value in wrong:
            with pytest.raises(ValueError, match=r"its "):
                LabelledForm._of({**spec, name: value})


@pytest.mark.parametrize("shared", [False, True])
def test_scaling_goes_there_and_back(shared: bool) -> None:
    values = np.array([[1, 5], [2, 5], [NAN, 5]])
    scale = ChannelScale.fit("x.ts", ("a", "b"), values, shared)
    np.testing.assert_allclose(scale.undo(scale.apply(values)), values, rtol=1e-6)
    if shared:
        assert scale.center.tolist() == [3.6, 3.6]


@pytest.mark.parametrize("target", ["classes", "values"])
def test_the_command_line_trains_tests_and_predicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    found = drawn(40)
    kind = {"classes": "@classLabel true down up", "values": "@targetLabel true"}[target]
    if target == "values":
        found = series([found.series(row).tolist() for row in range(40)], found.values[found.starts, 0] * 100)
    train = save_ts(tmp_path / "train.ts", found, kind)
    run = tmp_path / "run"
    small = ["--model.d_model", "8", "--trainer.max_steps", "3", "--trainer.log_every_n_steps", "1", *QUIET]
    options = [
        "--data",
        "LabelledSeriesData",
        "--data.train",
        train,
        "--data.test",
        train,
        "--model.arch",
        "gru",
    ]
    assert main(["fit", *options, *small, "--run", str(run)]) == 0
    best = str(run / "checkpoints" / "best.ckpt")
    capsys.readouterr()
    assert main(["test", "--ckpt_path", best, *QUIET]) == 0
    printed = capsys.readouterr().out
    assert "skill [95 %]" in printed
    assert {"classes": "majority class", "values": "training mean"}[target] in printed
    stored = json.loads((run / "probes" / "best" / "quality.json").read_text())["records"]
    measures = {"classes": ["accuracy", "macro_f1", "loss"], "values": ["rmse", "mae"]}[target]
    assert [record["measure"] for record in stored] == measures
    assert (run / "probes" / "best" / "confusion.json").exists() == (target == "classes")
    shown = json.loads((run / "probes" / "best" / "examples.json").read_text())["records"]
    assert len(shown) == 8
    past = [found.series(shown[0]["index"])[:, channel].tolist() for channel in (0, 1)]
    np.testing.assert_allclose([shown[0]["past"][name] for name in ("1", "2")], past, rtol=1e-5)
    Path(train).unlink()  # the checkpoint knows
    unlabelled = series([[[1, 2]], [[2, 3], [4, 5], [6, 7]], [[1, 1]]])
    asked = [
        "--data.inputs",
        save_ts(tmp_path / "mine.ts", unlabelled, "@classLabel false"),
        "--format",
        "jsonl",
    ]
    capsys.readouterr()
    assert main(["predict", "--ckpt_path", best, *asked]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["sequence"] for row in rows] == [1, 2, 3]
    if target == "classes":
        assert {row["class"] for row in rows} <= {"up", "down"}
        assert all(0.5 <= row["probability"] <= 1 for row in rows)
    else:
        assert all(isinstance(row["value"], float) for row in rows)


def test_japanese_vowels_are_those_of_the_authors() -> None:
    train, test = vowels("train"), vowels("test")
    assert (len(train), len(test), len(train.channels)) == (270, 370, 12)
    assert (train.lengths.min(), train.lengths.max()) == (7, 26)
    assert (test.lengths.min(), test.lengths.max()) == (7, 29)
    assert isinstance(train.labels, tuple)
    assert isinstance(test.labels, tuple)
    assert [train.labels.count(name) for name in train.classes] == [30] * 9
    assert [test.labels.count(name) for name in test.classes] == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    data = VowelsData()
    assert [len(data.sequences(split)) for split in ("train", "val", "test")] == [216, 54, 370]


def test_digits_are_those_of_scikit_learn() -> None:
    every = digits()
    assert every.pixels.shape == (1797, 8, 8, 1)
    assert (every.pixels.min(), every.pixels.max()) == (0, 16)
    assert every.labels is not None
    assert every.labels[:10] == tuple("0123456789")
    assert every.pixels[0, 0, :, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    data = DigitsData(read="pixels")
    assert [len(data.sequences(split)) for split in ("train", "val", "test")] == [719, 179, 899]
    assert data.spec["num_features"] == 1


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

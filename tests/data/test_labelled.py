"""Labelled series: what training fits is kept, files are matched by name, and nothing is silently wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from seqtoolkit.cli import main
from seqtoolkit.data.labelled.channel_scale import ChannelScale
from seqtoolkit.data.labelled.form import LabelledForm
from seqtoolkit.data.labelled.sequences import Sequences, in_order
from seqtoolkit.data.labelled_series import LabelledSeriesData
from tests.data.labelled_made import NAN, QUIET, drawn, series


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

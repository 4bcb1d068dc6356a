"""Exported programs are the model, step by step, for any number of sequences, in the user's units."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from seqtoolkit import checkpoint, cli, export, export_onnx, export_torch
from seqtoolkit.codec import Codec
from seqtoolkit.described import describe
from seqtoolkit.export_layout import columns, layout
from seqtoolkit.model import SequenceModel

TOKENS = {"task": "letters", "vocab_size": 7, "num_classes": 5}
UNITS: dict[str, Any] = {
    "task": "series", "num_features": 2, "num_classes": 6, "target": "quantiles", "quantiles": [0.1, 0.5, 0.9],
    "inputs": {"channels": ["a", "b"], "center": [100.0, -3.0], "scale": [20.0, 0.1]},
    "outputs": {"names": ["a", "b"], "center": [100.0, -3.0], "scale": [20.0, 0.1]},
}  # fmt: skip


def saved(folder: Path, arch: str, spec: dict[str, Any], **options: Any) -> Path:
    """Save an untrained model as a run keeps it."""
    torch.manual_seed(0)
    described = describe({"arch": arch, "d_model": 8, "num_layers": 1, "block": "residual", "mlp_ratio": 0.0,
                          "dropout": 0.1, **options}, spec)  # fmt: skip
    weights = {f"model.{name}": value for name, value in described.build().state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    content = {checkpoint.BLOCK: described.to_dict(), "state_dict": weights, "global_step": 3}
    torch.save(content, folder / "best.ckpt")
    return folder / "best.ckpt"


@pytest.mark.parametrize(
    ("arch", "spec", "format"),
    [
        ("lstm", TOKENS, "torch"),
        ("attention", TOKENS, "torch"),
        ("rnn", UNITS, "torch"),
        ("gru", UNITS, "onnx"),
        ("rnn", TOKENS, "onnx"),
        ("lstm", UNITS, "onnx"),
        ("attention", TOKENS, "onnx"),
        ("attention", UNITS, "onnx"),
    ],
)
def test_programs_are_the_model(
    arch: str, spec: dict[str, Any], format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path, arch, spec)
    words = ["export", str(file), "--output", str(tmp_path / "out"), "--format", format]
    assert cli.main(words) == 0
    assert "differs from the checkpoint by" in capsys.readouterr().out
    said = json.loads((tmp_path / "out" / "model.json").read_text())
    assert said["difference"] < 1e-5
    assert said["spec"] == spec
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"model.json", *said["files"].values()}
    assert cli.main(words) == 2
    assert "is there already" in capsys.readouterr().err
    opened = {"torch": export_torch.opened, "onnx": export_onnx.opened}[format]
    first, later = (opened(tmp_path / "out" / said["files"][name]) for name in ("first", "next"))
    _compare(checkpoint.load(file).model, spec, first, later)


@torch.no_grad()
def _compare(model: Any, spec: dict[str, Any], first: Any, later: Any) -> None:
    """Whole sequences at once, by the model itself and scaled by hand, are the steps of the programs; so is a state."""
    inputs = (
        torch.randint(7, (4, 6))
        if "vocab_size" in spec
        else torch.randn(4, 6, 2, dtype=torch.float64) * 20 + 100
    )
    assert isinstance(model, SequenceModel)
    if "vocab_size" in spec:
        expected, after = model(inputs)
    else:
        center, scale = (torch.tensor(spec["inputs"][name]) for name in ("center", "scale"))
        scores, after = model(((inputs - center) / scale).float())
        scores = scores.double().view(4, 6, 2, 3)
        expected = (scores * scale[:, None] + center[:, None]).sort(-1).values.flatten(2)
    found, state = first(inputs[:, :1])
    torch.testing.assert_close(found, expected[:, 0], atol=1e-4, rtol=1e-4)
    for step in range(1, 6):
        found, state = later(inputs[:, step : step + 1], state)
        torch.testing.assert_close(found, expected[:, step], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(export.leaves(state), export.leaves(after), atol=1e-5, rtol=1e-5)


def test_marks_of_what_was_missing_are_read_as_they_are(tmp_path: Path) -> None:
    inputs = {"channels": ["a", "b"], "center": [100.0, -3.0], "scale": [20.0, 0.1]}
    spec = {"task": "labelled_series", "num_features": 3, "num_classes": 2, "inputs": inputs, "masked": ["b"]}
    loaded = checkpoint.load(saved(tmp_path, "rnn", spec | {"classes": ["up", "down"]}))
    served, rows = export.served_model(loaded), torch.tensor([[[120.0, -3.1, 1.0]]]).double()
    torch.testing.assert_close(served(rows)[0], loaded.model.advance(torch.tensor([[[1.0, -1.0, 1.0]]]))[0])
    assert set(export.programs(loaded)) == {"first", "next"}
    said = layout(loaded)
    assert said["inputs"]["columns"] == ["a", "b", "b known"]
    assert said["outputs"]["columns"] == ["up", "down"]


def test_small_changes_of_large_numbers_are_served(tmp_path: Path) -> None:
    """Seconds since 1970: single precision holds them to 128 s only."""
    inputs = {"channels": ["clock"], "center": [1.7e9], "scale": [2.0]}
    spec = {"task": "series", "num_features": 1, "num_classes": 1, "inputs": inputs, "target": "values"}
    outputs = {"names": ["clock"], "center": [1.7e9], "scale": [2.0]}
    loaded = checkpoint.load(saved(tmp_path, "rnn", spec | {"outputs": outputs}))
    rows = torch.tensor([[[1.7e9 + 2]]], dtype=torch.float64)
    with torch.no_grad():
        expected = loaded.model.advance(torch.ones(1, 1, 1))[0].double() * 2 + 1.7e9
        torch.testing.assert_close(export.served_model(loaded)(rows)[0], expected, rtol=0, atol=1e-5)
    assert {layout(loaded)[part]["dtype"] for part in ("inputs", "outputs")} == {"float64"}


def test_the_layout_is_said(tmp_path: Path) -> None:
    said = layout(checkpoint.load(saved(tmp_path / "a", "rnn", UNITS)))
    assert said["inputs"]["shape"] == ["B", 1, 2]
    assert said["outputs"]["columns"] == ["a 0.1", "a 0.5", "a 0.9", "b 0.1", "b 0.5", "b 0.9"]
    assert said["outputs"]["what"] == "quantiles in the user's units, ascending for each value"
    assert said["state"] == [{"shape": ["B", 8], "dtype": "float32"}]
    cache = layout(checkpoint.load(saved(tmp_path / "b", "attention", TOKENS)))["state"]
    kept = {"shape": ["B", 4, "T", 2], "dtype": "float32"}
    assert cache == [kept, kept, {"shape": ["B"], "dtype": "int64"}]


def test_columns_have_the_names_of_the_task() -> None:
    codec = Codec(
        ("a", "b", ">", "x", "."), alphabet=("a", "b"), example="ab", separator=">", end="."
    ).to_dict()
    assert columns({"num_classes": 3, "codec": codec}) == [">", "x", "."]
    named = {"outputs": {"names": ["load +1", "load +2"]}}
    assert columns({**named, "target": "values"}) == ["load +1", "load +2"]
    assert columns({**named, "target": "labels"}) == ["load +1", "load +2"]
    assert columns(TOKENS) is None


def test_a_program_that_differs_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved(tmp_path, "rnn", TOKENS)
    monkeypatch.setattr(export, "difference", lambda *_: 0.5)
    assert cli.main(["export", str(file), "--output", str(tmp_path / "out")]) == 2
    assert "nothing is written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["best.ckpt"]


def test_what_cannot_be_exported_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = saved(tmp_path / "a", "attention", TOKENS, arch_config={"window": 3})
    for words, said in (
        ([str(tmp_path / "none.ckpt")], "no such file"),
        ([str(tmp_path / "no" / "such" / "place" / "none.ckpt")], "no such file"),
        ([str(window), "--format", "onnxx"], "invalid choice: 'onnxx'"),
        ([], "`seqtoolkit export --help` explains the options"),
        ([str(tmp_path)], "holds no checkpoint"),
        ([str(window), "--output", str(tmp_path / "no" / "where")], "inside one that exists"),
        ([str(window), "--output", str(tmp_path / "out")], "with a window of attention, cannot be exported"),
    ):
        assert cli.main(["export", *words]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_notes_of_the_exporter_on_its_own_internals_are_not_shown(tmp_path: Path) -> None:
    file = saved(tmp_path, "rnn", TOKENS)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always", FutureWarning)
        export_onnx.save(export.programs(checkpoint.load(file))["first"], tmp_path, "first")
    assert [str(one.message) for one in shown if one.category is FutureWarning] == []

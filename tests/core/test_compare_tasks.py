"""`seqtoolkit compare` of labelled series and of text: table, quality, memory need and advice are there.

Everything but the start of processes is real.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seqtoolkit.cli import main
from tests.core.comparing import here, submit_by

SMALL = """
    --architectures rnn,gru --rates 0.01 --seeds 2 --max_steps 80 --sequences 128 --jobs 1
    --trainer.log_every_n_steps 1
""".split()
PROSE = [f"{who} {does} the {what}. " for who in ("she", "he", "it") for does in ("saw", "met") for what in
         ("cat", "dog", "bird", "cow")]  # fmt: skip


def configured(folder: Path, data: str, *options: str) -> list[str]:
    """Write a configuration of a small model, and return it with options of its data."""
    config = folder / "small.yaml"
    config.write_text(
        f"data: {{class_path: seqtoolkit.data.{data}}}\nmodel: {{arch: gru, d_model: 8, num_layers: 1}}\n"
    )
    return ["--config", str(config), *options]


def series(folder: Path) -> list[str]:
    """Two classes that only the first three of six steps tell apart: the last four are needed."""
    rows = [f"{['1,0,2', '5,1,4'][i % 2]},{i % 5},{i % 3},0:{'ab'[i % 2]}" for i in range(240)]
    text = "\n".join(["@classLabel true a b", "@data", *rows, ""])
    for name in ("train", "test"):
        (folder / f"{name}.ts").write_text(text)
    return configured(folder, "labelled_series.LabelledSeriesData", "--data.train", str(folder / "train.ts"),
                      "--data.test", str(folder / "test.ts"))  # fmt: skip


def text(folder: Path) -> list[str]:
    """Sentences of few words, which the letters before tell."""
    words = "".join(PROSE[i * i % len(PROSE)] for i in range(700))
    (folder / "a.txt").write_text(words)
    options = ("--data.window", "16", "--data.batch_size", "8")
    return configured(folder, "text.TextData", "--data.file", str(folder / "a.txt"), *options)


def compared(words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Compare, and return compare.json; nothing may have failed."""
    submit_by(here, monkeypatch)
    assert main(["compare", *words, *SMALL, "--out", str(folder / "out")]) == 0
    found: dict[str, Any] = json.loads((folder / "out" / "compare.json").read_text())
    for one in found["architectures"]:
        assert one["skipped"] == {}
        assert [seed["status"] for seed in one["seeds"]] == ["finished"] * 2
        reached, chances = one["quality"], one["baseline"]
        assert reached["examples_lower"] <= reached["estimate"] <= reached["examples_upper"]
        assert chances["skill_lower"] <= chances["skill"] <= chances["skill_upper"]
    return found


def assert_told(found: dict[str, Any], out: str) -> None:
    """Require a line of the table for each architecture, and advice that names the memory need."""
    best, others = found["recommendation"]["arch"], found["recommendation"]["tied"]
    table = {line.split()[0]: line for line in out[out.index("architecture ") :].splitlines() if line}
    for one in found["architectures"]:
        assert f"{one['quality']['estimate']:.4g}" in table[one["arch"]]
    said = " ".join(out.split())
    assert f"Use {best}. {best} has the " in said
    least = "at least " if found["memory_need"]["censored"] else ""
    assert f"The data need {least}{found['memory_need']['estimate']} [" in said
    assert best in {"rnn", "gru"} > set(others)


def test_classes_of_labelled_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(series(tmp_path), tmp_path, monkeypatch)
    assert found["measure"].items() >= {"name": "accuracy", "mode": "max", "split": "test"}.items()
    assert {one["baseline"]["name"] for one in found["architectures"]} == {"majority class"}
    assert all(one["quality"]["estimate"] > 0.9 for one in found["architectures"])
    assert 4 <= found["memory_need"]["estimate"] <= 6
    assert_told(found, capsys.readouterr().out)


def test_a_language_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(text(tmp_path), tmp_path, monkeypatch)
    assert found["measure"].items() >= {"name": "bits_per_character", "mode": "min", "split": "test"}.items()
    assert {one["baseline"]["name"] for one in found["architectures"]} == {"unigram"}
    assert all(0 < one["quality"]["estimate"] < one["baseline"]["estimate"] for one in found["architectures"])
    assert 2 <= found["memory_need"]["estimate"] <= 16
    assert_told(found, capsys.readouterr().out)

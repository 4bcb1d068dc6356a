"""Exported encoder-decoders answer as the model does: sources of any length, any number of them, without seqtoolkit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqtoolkit import checkpoint, cli, export_onnx, export_pairs
from seqtoolkit.attention import CrossAttention
from seqtoolkit.codec import Codec
from seqtoolkit.decoding import greedy
from seqtoolkit.export_pairs_layout import layout
from tests.core.test_export import saved

CODEC = Codec(
    ("a", "b", "c", ">", "x", "y", "z", "."), alphabet=("a", "b", "c"), example="ab", separator=">", end="."
)
SPEC = {"task": "pairs", "vocab_size": 8, "num_classes": 5, "codec": CODEC.to_dict(), "max_steps": 7}
SOURCES = ["a", "abcabcabcabcabcab", "cb", "bbbacca"]  # none as long as what was traced
ALONE = """
import json, sys, torch
from pathlib import Path
folder, *sources = sys.argv[1:]
said = json.loads((Path(folder) / "model.json").read_text())
opened = {name: torch.export.load(Path(folder) / file).module() for name, file in said["files"].items()}
how = said["decoding"]
tokens = [torch.tensor([how["symbols"].index(symbol) for symbol in source]) for source in sources]
source = torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True, padding_value=-7)
scores, known, state = opened["first"](source, torch.tensor([len(row) for row in tokens]))
classes = [scores.argmax(-1)]
for _ in range(how["max_steps"] - 1):
    scores, state = opened["next"](classes[-1].unsqueeze(1) + how["offset"], known, state)
    classes.append(scores.argmax(-1))
rows = torch.stack(classes, 1).tolist()
cut = [row[: row.index(how["end_class"])] if how["end_class"] in row else row for row in rows]
assert "seqtoolkit" not in sys.modules
print(json.dumps([[said["outputs"]["columns"][number] for number in row] for row in cut]))
"""


def pairs(folder: Path, arch: str, encoder: str, attention: str, **options: Any) -> Path:
    return saved(folder, arch, SPEC, encoder=encoder, attention=attention, **options)


@pytest.mark.parametrize(
    ("arch", "encoder", "attention", "options"),
    [
        ("lstm", "lstm", "additive", {"attend": "before", "num_layers": 2}),
        ("gru", "attention", "none", {"bidirectional": False}),
        ("attention", "rnn", "multihead", {"encoder_width": 12, "tie": True}),
    ],
)
def test_a_fresh_process_without_seqtoolkit_answers_as_the_model(
    arch: str,
    encoder: str,
    attention: str,
    options: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, folder = pairs(tmp_path, arch, encoder, attention, **options), tmp_path / "out"
    assert cli.main(["export", str(file), "--output", str(folder)]) == 0
    assert f"{encoder} to {arch}" in capsys.readouterr().out
    words = [sys.executable, "-c", ALONE, str(folder), *SOURCES]
    found = subprocess.run(words, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    prompts = [CODEC.encode(source) for source in SOURCES]
    answers = greedy(checkpoint.load(file).model, prompts, CODEC.end_class, 7, CODEC.offset)
    assert json.loads(found) == [CODEC.names(answer) for answer in answers]


@pytest.mark.parametrize(
    ("arch", "encoder", "attention", "options"),
    [
        ("gru", "gru", "additive", {"encoder_layers": 2}),
        ("lstm", "gru", "dot", {"attend": "before"}),
        ("rnn", "lstm", "general", {"bidirectional": False}),
        ("gru", "attention", "concat", {"block": "plain"}),
        ("lstm", "attention", "multihead", {"attend": "before"}),
    ],
)
def test_programs_have_the_scores_of_the_model(
    arch: str, encoder: str, attention: str, options: dict[str, Any], tmp_path: Path
) -> None:
    """A row among longer and shorter ones, with any padding, has the scores of the model for it alone."""
    loaded = checkpoint.load(pairs(tmp_path, arch, encoder, attention, **options))
    first, later = (program.module() for program in export_pairs.programs(loaded).values())
    lengths, answer = torch.tensor([1, 9, 13, 4]), torch.tensor([4, 6, 5, 4, 7])
    sources = torch.randint(3, (4, 13), generator=torch.Generator().manual_seed(1))
    padded = sources.masked_fill(torch.arange(13) >= lengths.unsqueeze(1), -1)
    scores, known, state = first(padded, lengths)
    steps = [scores]
    for token in answer:
        scores, state = later(token.expand(4, 1), known, state)
        steps.append(scores)
    for row, length in enumerate(lengths):
        joined = torch.cat([sources[row, :length], torch.tensor([3]), answer]).unsqueeze(0)
        mask = torch.arange(joined.shape[1]).unsqueeze(0) >= length
        with torch.no_grad():
            expected = loaded.model(joined, mask=mask)[0]
        torch.testing.assert_close(torch.stack([one[row] for one in steps]), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("arch", "encoder", "attention", "attend"),
    [
        ("lstm", "gru", "additive", "before"),
        ("attention", "attention", "multihead", "after"),
        ("gru", "rnn", "none", "after"),
    ],
)
def test_onnx_answers_as_the_model(
    arch: str, encoder: str, attention: str, attend: str, tmp_path: Path
) -> None:
    file, folder = pairs(tmp_path, arch, encoder, attention, attend=attend), tmp_path / "out"
    assert cli.main(["export", str(file), "--output", str(folder), "--format", "onnx"]) == 0
    said = json.loads((folder / "model.json").read_text())
    first, later = (export_onnx.opened(folder / said["files"][name]) for name in ("first", "next"))
    assert export_pairs.difference(checkpoint.load(file), first, later) < 1e-5
    scores, after = first(torch.tensor([[0, 1, 2, 0, 1, 2, 2], [2, 1, 0, 0, 0, 0, 0]]), torch.tensor([7, 2]))
    assert len(after) == len(said["known"]) + len(said["state"])
    for one, described in zip(after, said["known"] + said["state"], strict=True):
        sizes = {"B": 2, "S": 7, "T": 1}
        assert list(one.shape) == [sizes.get(size, size) for size in described["shape"]]
        assert str(one.dtype) == f"torch.{described['dtype']}"
    assert scores.shape == (2, 5)


def test_the_layout_is_said(tmp_path: Path) -> None:
    said = layout(checkpoint.load(pairs(tmp_path, "attention", "gru", "additive", attend="before")))
    assert said["source"]["shape"] == ["B", "S"]
    assert said["outputs"]["columns"] == [">", "x", "y", "z", "."]
    shapes = {one["name"]: one["shape"] for one in said["known"] + said["state"]}
    cache = ["B", 4, "T", 2]
    assert shapes == {
        "summary": ["B", 8], "mask": ["B", "S"], "prepared.key": ["B", "S", 8], "prepared.source": ["B", "S", 8],
        "blocks.0.key": cache, "blocks.0.value": cache, "blocks.0.position": ["B"], "query": ["B", 1, 8],
    }  # fmt: skip
    assert [one["dtype"] for one in said["known"]] == ["float32", "bool", "float32", "float32"]
    how = said["decoding"]
    assert (how["separator"], how["end"], how["end_class"], how["offset"], how["max_steps"]) == (
        ">",
        ".",
        4,
        3,
        7,
    )
    assert how["symbols"] == list(CODEC.symbols)


class Counting(CrossAttention):
    """Looks at a number of steps that it reads from the values."""

    def forward(self, query: Tensor, prepared: Any, mask: Tensor) -> tuple[Tensor, Tensor]:
        count = int(mask.sum())
        weights = torch.ones(query.shape[0], 1, query.shape[1], mask.shape[1]) / max(count, 1)
        return prepared[:, :1].expand_as(query) if count > 3 else prepared[:, -1:].expand_as(query), weights


def test_what_cannot_be_exported_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    window = {"window": 3}
    for name, options, said in (
        (
            "a",
            {"arch": "gru", "encoder": "attention", "encoder_config": window},
            "'window': 3} cannot be traced for sources of any length",
        ),
        (
            "b",
            {"arch": "attention", "encoder": "gru", "arch_config": window},
            "with a window of attention, cannot be",
        ),
    ):
        file = pairs(tmp_path / name, attention="none", **options)
        assert cli.main(["export", str(file), "--output", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_attention_that_cannot_be_traced_is_named(tmp_path: Path) -> None:
    loaded = checkpoint.load(pairs(tmp_path, "gru", "gru", "dot"))
    model: nn.Module = loaded.model
    model.attention = Counting(8, 8)
    with pytest.raises(ValueError, match=r"--model\.attention dot cannot be traced"):
        export_pairs.programs(loaded)


def test_other_symbols_or_a_program_that_fails_are_infinitely_apart(tmp_path: Path) -> None:
    loaded = checkpoint.load(pairs(tmp_path, "gru", "gru", "dot"))
    first, later = (program.module() for program in export_pairs.programs(loaded).values())
    assert export_pairs.difference(loaded, first, later) < 1e-5

    def turned(*given: Any) -> Any:
        scores, *after = first(*given)
        return -scores, *after

    def fails(*given: Any) -> Any:
        raise RuntimeError

    assert export_pairs.difference(loaded, turned, later) == float("inf")
    assert export_pairs.difference(loaded, first, fails) == float("inf")

"""Pairs from files: vocabulary from training alone, references, limits and impossible choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from seqtoolkit.data.base import prompts
from seqtoolkit.data.batches import Batches
from seqtoolkit.data.pairing.base import PairData
from seqtoolkit.data.pairing.symbols import UNKNOWN
from seqtoolkit.data.pairs import PairsData
from seqtoolkit.decoding import Hypothesis

TRAIN = [("ab", "b a"), ("abc", "c b a"), ("ab", "a b"), ("ca", "a c")]
SHAPE = {"d_model": 8, "num_layers": 1, "block": "plain", "mlp_ratio": 0.0, "dropout": 0.0}
VAL = [("abz", "q b a"), ("ca", "a c"), ("abz", "b a"), ("→■", "→ ■")]


def write(folder: Path, name: str, pairs: list[tuple[str, ...]]) -> str:
    path = folder / name
    path.write_text("".join("\t".join(pair) + "\n" for pair in pairs))
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return {"train": write(tmp_path, "train.tsv", TRAIN), "val": write(tmp_path, "val.tsv", VAL)}  # type: ignore[arg-type]


def spelled(data: PairData, batches: Batches) -> list[tuple[str, str]]:
    """Read the examples back, in their order."""
    codec, batch = data.codec, batches.examples.collate(torch.arange(len(batches.examples)))
    found = []
    for row, prompt in enumerate(prompts(batch)):
        answer = batch.targets[row, batch.mask[row]].tolist()
        assert prompt[-1] == codec.offset
        assert answer[-1] == codec.end_class
        fed_back = batch.inputs[row, len(prompt) : int(batch.lengths[row])].tolist()
        assert fed_back == [number + codec.offset for number in answer[:-1]]
        source = (" " if codec.words else "").join(codec.decode(prompt[:-1]))
        found.append((source, codec.text(answer[:-1])))
    return found


def test_training_pairs_become_examples(files: dict[str, str]) -> None:
    data = PairsData(**files, target="words")
    assert spelled(data, data.train_dataloader()) == TRAIN


def test_the_vocabulary_is_that_of_training(files: dict[str, str]) -> None:
    data = PairsData(**files, target="words")
    assert data.codec.symbols == ("a", "b", "c", UNKNOWN, "→", "a", "b", "c", UNKNOWN, "■")
    seen = spelled(data, data.val_dataloader())  # one example for each source, its first target
    assert seen == [(f"ab{UNKNOWN}", f"{UNKNOWN} b a"), ("ca", "a c"), (2 * UNKNOWN, f"{UNKNOWN} {UNKNOWN}")]


def test_references_are_all_targets_and_what_was_never_seen_is_never_right(files: dict[str, str]) -> None:
    data = PairsData(**files, target="words")
    asked = data.references("val")
    assert asked.sources == ["abz", "ca", "→■"]
    assert asked.answers == [["q b a", "b a"], ["a c"], ["→ ■"]]
    assert asked.lengths == [3, 2, 2]
    a, b, c, strange = "\1", "\2", "\3", chr(len(data.codec.classes))
    assert asked.classes == [[strange + b + a, b + a], [a + c], [strange * 2]]


def test_a_given_list_of_symbols(tmp_path: Path, files: dict[str, str]) -> None:
    listed = tmp_path / "list.txt"
    listed.write_bytes(b"\xef\xbb\xbfb\r\na\r\n\r\nzz\n")
    data = PairsData(**files, target=str(listed))
    assert data.codec.symbols[data.codec.offset :] == ("→", "b", "a", "zz", UNKNOWN, "■")
    assert spelled(data, data.train_dataloader())[1] == ("abc", f"{UNKNOWN} b a")
    listed.write_text("a\nb c\n")
    with pytest.raises(ValueError, match=r"list.txt, line 2: 'b c' are 2 symbols; one a line"):
        PairsData(**files, target=str(listed))
    listed.write_bytes(b"\xff\n")
    with pytest.raises(ValueError, match=r"list.txt, line 1: not UTF-8"):
        PairsData(**files, target=str(listed))
    listed.write_text("\n")
    with pytest.raises(ValueError, match=r"list.txt has no symbols"):
        PairsData(**files, target=str(listed))
    with pytest.raises(ValueError, match=r"'charcters': No such file.*; give characters, words, or a file"):
        PairsData(**files, source="charcters")


def test_spec_says_where_the_pairs_come_from(files: dict[str, str]) -> None:
    spec = PairsData(**files, target="words").spec
    assert json.loads(json.dumps(spec)) == spec
    assert (spec["task"], spec["vocab_size"], spec["num_classes"]) == ("pairs", 10, 6)
    assert spec["max_steps"] > 3
    assert spec["pairs"] == {"train": 4, "val": 4}
    assert list(spec["files"]) == ["train", "val"]
    assert spec["files"]["train"] != spec["files"]["val"]


def test_alignments_go_by_example(tmp_path: Path) -> None:
    pairs = [("ab", "b", "1-0"), ("c", "c"), ("ab", "ab", "0-0 1-1"), ("ca", "a", "1-0")]
    path = write(tmp_path, "aligned.tsv", pairs)
    data = PairsData(train=path, val=path, test=write(tmp_path, "plain.tsv", [("c", "c")]))
    assert data.gold("train") == {0: ((1, 0),), 2: ((0, 0), (1, 1)), 3: ((1, 0),)}
    assert data.gold("val") == {0: ((1, 0),), 2: ((1, 0),)}  # by distinct source, of its first target
    assert data.gold("test") is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"give --data.file PAIRS.tsv, .*or --data.train, --data.val"),
        ({"train": "a"}, "give --data.file"),
        ({"file": "a", "val": "b", "test": "c"}, "leave out --data.val and --data.test"),
        ({"file": "a", "shares": (0.0, 0.5, 0.5)}, "shares"),
        ({"file": "a", "shares": (0.5, -0.1, 0.5)}, "shares"),
        ({"file": "a", "min_count": 0}, "min_count must be at least 1, got 0"),
        ({"file": "a", "max_symbols": 0}, "max_symbols must be at least 1"),
        ({"file": "a", "max_source": 0}, "max_source must be at least 1, got 0"),
        ({"file": "a", "max_target": -3}, "max_target must be at least 1, got -3"),
        ({"file": "a", "batch_tokens": 9, "batch_size": 9}, "give one of them"),
        ({"file": "a", "batch_size": 0}, "batch_size must be at least 1, got 0"),
    ],
)
def test_impossible_choices(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PairsData(**options)


def test_a_split_without_pairs_says_so(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"no test pairs: add --data.test FILE"):
        PairsData(**files).test_dataloader()
    path = write(tmp_path, "few.tsv", [("a", "b")])
    data = PairsData(file=path, shares=(1, 0, 0))
    with pytest.raises(ValueError, match=r"few.tsv: none of its 1 pairs are for val"):
        data.val_dataloader()
    with pytest.raises(ValueError, match=r"few.tsv: none of its 1 pairs are for train"):
        PairsData(file=path, shares=(1e-9, 1, 0))


def test_symbols_that_are_all_rare_are_refused(files: dict[str, str]) -> None:
    with pytest.raises(
        ValueError, match=r"no symbol of its sources occurs 99 times .* lower --data.min_count"
    ):
        PairsData(**files, min_count=99)


def checkpoint(path: Path, spec: dict[str, Any], **changes: Any) -> str:
    """Write what a checkpoint says of its task, and nothing else."""
    block = {
        "schema": 1,
        "arch": "gru",
        "arch_config": {},
        "shape": SHAPE,
        "spec": {**spec, **changes},
        "plugin": "",
    }
    torch.save({"seqtoolkit": block}, path)
    return str(path)


def test_symbols_of_a_checkpoint_need_no_list(tmp_path: Path, files: dict[str, str]) -> None:
    """They are taken apart as they were there, whatever the list or the options are now."""
    listed = tmp_path / "list.txt"
    listed.write_text("b\na\n")
    spec = PairsData(**files, target=str(listed)).spec
    listed.unlink()
    (tmp_path / "inputs.txt").write_text("ab\n")
    known = checkpoint(tmp_path / "a.ckpt", spec)
    for options in ({"target": str(listed)}, {}):
        data = PairsData(spec_of=known, inputs=str(tmp_path / "inputs.txt"), **options)
        assert {**data.spec, "pairs": 0, "files": 0} == {**spec, "pairs": 0, "files": 0}
        assert sum(len(batch) for batch in data.predict_dataloader()) == 1
        assert PairsData(**files, spec_of=known, max_target=3).limits.target.words


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "g2p"}, "a.ckpt is of the task 'g2p'; expected one of PairsData"),
        ({"codec": 3}, "a.ckpt: its codec is wrong: a codec has the fields"),
        ({"max_steps": 10**12}, "a.ckpt: its max_steps is 1000000000000"),
        ({"max_steps": "9"}, "a.ckpt: its max_steps is '9'"),
    ],
)
def test_symbols_of_a_hostile_checkpoint(
    tmp_path: Path, files: dict[str, str], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PairsData(spec_of=checkpoint(tmp_path / "a.ckpt", PairsData(**files).spec, **changes))


def test_batches_of_so_many_pairs_or_tokens(files: dict[str, str]) -> None:
    assert [len(batch) for batch in PairsData(**files, batch_size=2).train_dataloader()] == [2, 2]
    (batch,) = PairsData(**files).train_dataloader()
    assert len(batch) == 4
    with pytest.raises(ValueError, match="allow more tokens"):
        PairsData(**files, batch_tokens=3).train_dataloader()


def test_inputs_may_have_symbols_that_were_never_seen(tmp_path: Path, files: dict[str, str]) -> None:
    inputs = tmp_path / "inputs.txt"
    inputs.write_text("ab\nzé\tignored\n")
    data = PairsData(**files, inputs=str(inputs))
    (batch,) = data.predict_dataloader()
    asked = [data.codec.decode(prompt) for prompt in prompts(batch)]
    assert asked == [["a", "b", "→"], [UNKNOWN, UNKNOWN, "→"]]
    rows = data.prediction_rows(batch, [[Hypothesis([1, 2], 0.0, 0.0, True)]] * 2)
    target = data.codec.text([1, 2])
    assert rows == [{"source": "ab", "target": target}, {"source": "zé", "target": target}]


def test_inputs_that_are_too_long(tmp_path: Path, files: dict[str, str]) -> None:
    inputs = tmp_path / "inputs.txt"
    inputs.write_text("ab\nabcabc\nca\n")
    with pytest.raises(ValueError, match=r"inputs.txt, line 2: a source of more than 5 symbols, 6 of them"):
        sum(len(batch) for batch in PairsData(**files, inputs=str(inputs), max_source=5).predict_dataloader())
    data = PairsData(**files, inputs=str(inputs), max_source=5, on_bad_line="skip")
    assert sum(len(batch) for batch in data.predict_dataloader()) == 2

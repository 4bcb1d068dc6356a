"""Language models of the user's text: what is read, what is refused, what is measured, and how prompts go on."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.batch import Batch
from seqtoolkit.codec import Codec
from seqtoolkit.data.pairing.symbols import UNKNOWN
from seqtoolkit.data.shakespeare import ShakespeareData
from seqtoolkit.data.shipped import unpack
from seqtoolkit.data.text import TextData
from seqtoolkit.data.texts import plays as plays_module
from seqtoolkit.data.texts.language_quality import LanguageQuality
from seqtoolkit.data.texts.plays import plays, split_plays
from seqtoolkit.data.texts.symbols import TextSymbols
from seqtoolkit.evaluation import Evaluation
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.quality import Example, Quality

STORY = "The cat sat.\nThe dog ran; the cat ran.\n" * 60


def write(folder: Path, data: str | bytes, name: str = "story.txt") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def small(file: str | None, **options: Any) -> TextData:
    return TextData(file, **{"window": 8, "batch_size": 4, **options})


def said(data: TextData, split: str) -> str:
    return data.symbols.codec.text(data.text(split).tolist())


def test_a_text_is_divided_at_two_positions(tmp_path: Path) -> None:
    data = small(write(tmp_path, STORY))
    assert "".join(said(data, split) for split in ("train", "val", "test")) == STORY
    assert data.spec["symbols"] == {"train": 1872, "val": 234, "test": 234}
    assert data.spec["files"] == {"file": hashlib.sha256(STORY.encode()).hexdigest()}
    json.dumps(data.spec)


@settings(max_examples=25)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r" + UNKNOWN), min_size=1))
def test_every_character_and_byte_survives(text: str) -> None:
    symbols = TextSymbols.of("character", [text])
    assert symbols.codec.text(symbols.encode(text).tolist()) == text
    assert symbols.codec.encode(text) == symbols.encode(text).tolist()
    data = text.encode().decode("latin-1")
    both = TextSymbols.of("byte", [data])
    assert both.codec.text(both.encode(data).tolist()) == text
    assert both.codec.encode(text) == list(text.encode())
    for one in (symbols, both):
        assert Codec.from_dict(json.loads(json.dumps(one.codec.to_dict()))) == one.codec


def test_windows_line_ends_and_a_byte_order_mark_change_characters_only(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf" + STORY.replace("\n", "\r\n").encode()
    path = write(tmp_path, raw)
    assert small(path).text("train").equal(small(write(tmp_path, STORY, "plain.txt")).text("train"))
    data = small(path, unit="byte")
    assert torch.cat([data.text(split) for split in ("train", "val", "test")]).tolist() == list(raw)


def test_what_training_does_not_have_is_unknown(tmp_path: Path) -> None:
    data = small(None, train=write(tmp_path, STORY), val=write(tmp_path, "naïve 日 cat " * 9, "val.txt"))
    assert said(data, "val").startswith(f"na{UNKNOWN}{UNKNOWN}e {UNKNOWN} cat")
    assert data.symbols.codec.symbols[-1] == UNKNOWN
    rare = small(write(tmp_path, "q" + STORY), min_count=2)
    assert said(rare, "train")[:4] == f"{UNKNOWN}The"


def test_a_folder_is_divided_by_its_files(tmp_path: Path) -> None:
    for number in range(40):
        write(tmp_path, f"{number} {STORY}", f"corpus/{number % 3}/{number}.txt")
    write(tmp_path, "not read", "corpus/notes.md")
    write(tmp_path, "not read", "corpus/.hidden/a.txt")
    write(tmp_path, "", "corpus/empty.txt")
    folder = str(tmp_path / "corpus")
    data = small(folder)
    starts = {
        split: set(map(str.strip, said(data, split).split(" The cat sat")[:-1]))
        for split in data.spec["symbols"]
    }
    assert all(data.spec["symbols"].values())
    write(tmp_path, f"new {STORY}", "corpus/new.txt")
    again = small(folder)
    for split in starts:
        assert len(again.text(split)) >= len(data.text(split))  # no file has moved
    assert "not read" not in said(small(folder, split="position"), "train")


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (b"", {}, "story.txt is empty; give a text file"),
        (b"\xef\xbb\xbf", {}, "story.txt is empty"),
        (b"cat\r\ncat\r\nna\xefve", {}, r"story.txt, line 3: not UTF-8 .*0xef at byte 3.*--data.unit byte"),
        (
            b"cat" * 9,
            {},
            r"the train text has 22 characters, and 4 x 8 of a window need 33.*smaller --data.window",
        ),
        (STORY, {"window": 300, "batch_size": 1}, r"the val text has 234 characters, .* need 301"),
        (STORY, {"window": 1}, "window must be at least 2, got 1"),
        (STORY, {"batch_size": 0}, "batch_size must be at least 1, got 0"),
        (STORY, {"min_count": 9999}, "no character of the training text occurs 9,999 times"),
        (STORY, {"temperature": -1.0}, "temperature is -1.0; expected 0"),
        (STORY, {"top_k": 0}, "top_k must be at least 1"),
        (STORY, {"length": 0}, "length must be at least 1"),
        (STORY, {"val": "v.txt"}, r"is divided into three parts; leave out --data.val"),
        (STORY, {"shares": (0, 1, 1)}, "not negative, the first positive"),
        (STORY, {"split": "files"}, "none of its 1 files is for val; give more, other --data.shares"),
    ],
)
def test_bad_texts_are_refused(
    tmp_path: Path, data: str | bytes, options: dict[str, Any], message: str
) -> None:
    def loaders() -> None:
        both = small(write(tmp_path, data), **options)
        assert both.train_dataloader()
        assert both.val_dataloader()

    with pytest.raises(ValueError, match=message):
        loaders()


def test_bad_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"cannot read .*none.txt: No such file or directory; give a text file"
    ):
        small(str(tmp_path / "none.txt"))
    with pytest.raises(ValueError, match=r"no text: give --data.file TEXT"):
        TextData()
    with pytest.raises(ValueError, match=r"has no files; expected text files that end in '.txt'"):
        small(str(tmp_path))
    write(tmp_path, STORY, "a.md")
    with pytest.raises(
        ValueError, match=r"none of the 1 files .* most end in '.md': give --data.suffix '.md'"
    ):
        small(str(tmp_path))
    data = small(None, train=write(tmp_path, STORY), val=write(tmp_path, STORY))
    with pytest.raises(ValueError, match=r"no test text: add --data.test FILE"):
        data.test_dataloader()


def test_a_line_of_ten_megabytes_is_a_text_like_others(tmp_path: Path) -> None:
    assert len(small(write(tmp_path, "abc " * (10 << 18))).text("val")) == 1 << 20


def evaluate(data: TextData, model: SequenceModel, split: str) -> tuple[dict[str, Any], Evaluation]:
    evaluation = Evaluation(data.metrics(split), Loss())
    for batch in data.val_dataloader() if split == "val" else data.test_dataloader():
        evaluation.update(model, batch)
    return evaluation.conclude(), evaluation


@pytest.mark.parametrize("unit", ["character", "byte"])
def test_bits_are_those_of_the_whole_text_read_at_once(tmp_path: Path, unit: str) -> None:
    """The state is carried, so windows change nothing; the unigram is that of training, each count one larger."""
    data = small(write(tmp_path, STORY), unit=unit, window=16)
    torch.manual_seed(0)
    size = data.spec["vocab_size"]
    model = SequenceModel("gru", size, size, d_model=8).eval()
    values, evaluation = evaluate(data, model, "val")
    loader, symbols = data.val_dataloader(), data.text("val").long()
    bounds = [row * loader.total // loader.rows for row in range(loader.rows + 1)]
    nats = 0.0
    for low, high in itertools.pairwise(bounds):
        with torch.no_grad():
            scores = model(symbols[None, low:high])[0][0]
        nats += float(torch.nn.functional.cross_entropy(scores, symbols[low + 1 : high + 1], reduction="sum"))
    bits = nats / (len(symbols) - 1) / math.log(2)
    assert float(values[f"bits_per_{unit}"]) == pytest.approx(bits, rel=1e-5)
    counts = np.bincount(data.text("train").numpy(), minlength=size) + 1
    unigram = -np.log2(counts / counts.sum())[data.text("val").numpy()[1:]].mean()
    assert float(values["unigram_bits"]) == pytest.approx(unigram, rel=1e-6)
    record, accuracy, *_ = evaluation.records
    assert record.estimate == pytest.approx(bits, rel=1e-5)  # type: ignore[union-attr]
    assert record.baseline_estimate == pytest.approx(unigram)  # type: ignore[union-attr]
    assert record.skill == pytest.approx(1 - bits / unigram, rel=1e-5)  # type: ignore[union-attr]
    assert record.lower <= record.estimate <= record.upper  # type: ignore[union-attr, operator]
    assert accuracy.baseline == "most frequent symbol"  # type: ignore[union-attr]


def test_a_model_that_knows_the_frequencies_has_no_skill() -> None:
    """Scores that are the baseline's own: the bits are equal, and skill and its interval are 0."""
    counts = np.array([50, 30, 20])
    metric = LanguageQuality(4, counts, "character")
    stream = TextSymbols.of("character", ["ab"])
    assert stream.unknown == 2
    scores = torch.from_numpy(np.log((counts + 1) / (counts + 1).sum())).expand(40, 3)
    targets = torch.randint(0, 3, (4, 10), generator=torch.Generator().manual_seed(0))
    batch = Batch(
        targets, torch.full((4,), 10), targets, torch.ones(4, 10, dtype=torch.bool), index=torch.arange(4)
    )
    metric.update(None, batch, scores)  # type: ignore[arg-type]
    values = metric.compute()
    assert float(values["skill"]) == pytest.approx(0, abs=1e-6)
    record = metric.records(values)[0]
    assert isinstance(record, Quality)
    assert (record.skill_lower, record.skill_upper) == pytest.approx((0, 0), abs=1e-6)


@pytest.mark.parametrize(("unit", "odd"), [("character", "q"), ("byte", "é")])
def test_the_windows_of_the_most_bits_are_kept_as_they_can_be_typed(
    tmp_path: Path, unit: str, odd: str
) -> None:
    """A character that training does not have stands for itself; of bytes, no window shows half a character."""
    data = small(write(tmp_path, STORY[:-200] + odd * 40 + STORY[-160:]), unit=unit, window=15)
    size = data.spec["vocab_size"]
    loader, codec = data.test_dataloader(), data.symbols.codec
    _, evaluation = evaluate(data, SequenceModel("gru", size, size, d_model=8).eval(), "test")
    worst = [one for one in evaluation.records if isinstance(one, Example)]
    losses = [one.loss for one in worst]
    assert 0 < len(worst) <= 8
    assert losses == sorted(losses, reverse=True)
    read = {
        int(index): row[: int(length)].tolist()
        for batch in loader
        for index, row, length in zip(batch.index, batch.inputs, batch.lengths, strict=True)  # type: ignore[arg-type]
    }
    for index, symbols in read.items():
        assert loader.window(index).tolist() == symbols
        typed = codec.encode(data.symbols.typed(loader.window(index)))
        assert typed == symbols or unit == "byte"
        assert bytes(typed) in bytes(symbols) if unit == "byte" else len(typed) == len(symbols)
    for one in worst:
        assert one.text == data.symbols.typed(torch.tensor(read[one.index]))
        assert Example.from_dict(one.to_dict()) == one


def predicted(data: TextData, model: SequenceModel) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for batch in data.predict_dataloader():
        rows |= dict(data.predictions(model, batch))
    return [rows[number] for number in range(len(rows))]


def test_continuations_depend_on_the_seed_and_the_place_alone(tmp_path: Path) -> None:
    file, prompts = write(tmp_path, STORY), ["The cat", "dog ", "The dog ran", "cat"]
    model = SequenceModel("lstm", 17, 17, d_model=8).eval()

    def answers(lines: list[str], **options: Any) -> list[str]:
        inputs = write(tmp_path, "\n".join(lines), "prompts.txt")
        data = small(file, inputs=inputs, length=20, **options)
        rows = predicted(data, model)
        assert [row["prompt"] for row in rows] == lines
        assert all(len(row["continuation"]) == 20 and UNKNOWN not in row["continuation"] for row in rows)
        return [row["continuation"] for row in rows]

    assert small(file).spec["vocab_size"] == 17
    first = answers(prompts)
    assert answers(prompts) == first
    assert answers(prompts[:2]) == first[:2]  # whatever else is in the batch
    assert answers(prompts, seed=1) != first
    assert len(set(answers(["cat"] * 5))) == 5
    assert len(set(answers(["cat"] * 5, temperature=0.0))) == 1
    assert answers(["cat"] * 5, top_k=1) == answers(["cat"] * 5, temperature=0.0)


def test_a_tab_in_a_prompt_is_a_symbol_like_others(tmp_path: Path) -> None:
    file, inputs = write(tmp_path, "if:\n\tgo\n" * 60), write(tmp_path, "\tgo\nif:\tgo\n", "prompts.txt")
    data = small(file, inputs=inputs, length=3)
    size = data.spec["vocab_size"]
    rows = predicted(data, SequenceModel("gru", size, size, d_model=8).eval())
    assert [row["prompt"] for row in rows] == ["\tgo", "if:\tgo"]


def test_no_inputs_and_bad_inputs(tmp_path: Path) -> None:
    file = write(tmp_path, STORY)
    with pytest.raises(ValueError, match=r"nothing to continue: give --data.inputs FILE"):
        small(file).predict_dataloader()
    bad = write(tmp_path, b"cat\n\xff\n", "prompts.txt")
    with pytest.raises(ValueError, match=r"prompts.txt, line 2: not UTF-8"):
        sum(len(batch) for batch in small(file, inputs=bad).predict_dataloader())


def test_shakespeare_is_whole_and_divided_by_play() -> None:
    split = split_plays()
    assert {name: len(titles) for name, titles in split.items()} == {"train": 9, "val": 1, "test": 2}
    assert sorted(itertools.chain(*split.values())) == sorted(plays())
    assert sum(map(len, plays().values())) == 1_495_454
    data = ShakespeareData(window=16)
    assert data.spec["symbols"]["test"] == sum(len(plays()[title]) for title in split["test"])
    assert said(data, "test").startswith("THE TAMING OF THE SHREW\n\nby William Shakespeare")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"is damaged: its sha256 is .*reinstall"):
        unpack(plays_module.FILE, "0" * 64)

"""Language models of texts: what is divided where, and which symbols are known."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.codec import Codec
from seqtoolkit.data.pairing.symbols import UNKNOWN
from seqtoolkit.data.shakespeare import ShakespeareData
from seqtoolkit.data.shipped import unpack
from seqtoolkit.data.text import TextData
from seqtoolkit.data.texts import plays as plays_module
from seqtoolkit.data.texts.plays import plays, split_plays
from seqtoolkit.data.texts.symbols import TextSymbols
from tests.data.texts_made import STORY, small, write


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

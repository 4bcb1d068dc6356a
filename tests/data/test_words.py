"""The words of a user: what is forgiven, and what is refused with file and line."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from seqtoolkit.data.base import prompts
from seqtoolkit.data.g2p import CODEC, G2PData
from seqtoolkit.data.words import read_words


def write(folder: Path, data: bytes) -> str:
    path = folder / "words.txt"
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"cat\ndog\n", ["cat", "dog"]),
        (b"cat\ndog", ["cat", "dog"]),
        (b"\xef\xbb\xbfcat\r\n\r\n  dog \t\r\n", ["cat", "dog"]),
        (b"\n\nCat\nDON'T\nu.s.a.\n", ["Cat", "DON'T", "u.s.a."]),
    ],
)
def test_files_as_people_have_them(tmp_path: Path, data: bytes, words: list[str]) -> None:
    assert read_words(write(tmp_path, data), CODEC) == words


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"words.txt has no words; write one word on each line, such as remember"),
        (b"\xef\xbb\xbf \r\n\n", r"words.txt has no words"),
        (b"cat\n\nna\xefve\n", r"words.txt, line 3: not UTF-8 .*save it as UTF-8"),
        ("cat\nnaïve\n".encode(), r"words.txt, line 2: 'naïve' has 'ï'; this model reads only abc"),
        (b"two words\n", r"line 1: 'two words' has ' '"),
        (b"route66\n", r"line 1: 'route66' has '6'"),
        (b"a\x00b\n", r"line 1: .*x00"),
    ],
)
def test_bad_files_are_refused_with_the_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_words(write(tmp_path, data), CODEC)


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot read .*none.txt: No such file or directory; give a file"):
        read_words(str(tmp_path / "none.txt"), CODEC)
    with pytest.raises(ValueError, match="Is a directory"):
        read_words(str(tmp_path), CODEC)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"cat\nd?g\n")))
    with pytest.raises(ValueError, match=r"standard input, line 2: 'd\?g' has '\?'"):
        read_words("-", CODEC)


def test_predicting_needs_words() -> None:
    with pytest.raises(ValueError, match=r"--data\.words FILE"):
        G2PData().predict_dataloader()


def test_prompts_and_rows_belong_together(tmp_path: Path) -> None:
    words = ["Cat", "a" * 9000, "it's", "dog"]
    data = G2PData(words=write(tmp_path, "\n".join(words).encode()))
    rows: dict[int, dict[str, str]] = {}
    for batch in data.predict_dataloader():
        assert batch.index is not None
        asked = prompts(batch)
        assert batch.lengths.tolist() == [len(prompt) for prompt in asked]
        assert asked == [CODEC.encode(words[n].lower()) for n in batch.index.tolist()]
        decoded = [[CODEC.classes["K"], CODEC.classes["AE"]]] * len(batch)
        rows |= dict(zip(batch.index.tolist(), data.prediction_rows(batch, decoded), strict=True))
    assert [rows[n] for n in range(4)] == [{"word": word, "phonemes": "K AE"} for word in words]

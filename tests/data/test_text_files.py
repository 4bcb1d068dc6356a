"""Texts that cannot be read are refused with their place; how long a line is does not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seqtoolkit.data.text import TextData
from tests.data.texts_made import STORY, small, write


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

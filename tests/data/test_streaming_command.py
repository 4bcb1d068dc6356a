"""The command answers each row before it reads the next one, and ends quietly."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from seqtoolkit.cli import main
from tests.data.streams_made import COLUMNS, rows, table, trained


class Typed:
    """Stands for standard input: says how many lines were answered before each of its own was asked for."""

    def __init__(self, text: str, seen: Any, error: type[BaseException] | None = None) -> None:
        self.lines, self.seen, self.error = text.encode().splitlines(keepends=True), seen, error
        self.buffer, self.answered = self, list[int]()

    def read1(self, size: int) -> bytes:
        self.answered.append(self.seen())
        if not self.lines and self.error is not None:
            raise self.error
        return self.lines.pop(0) if self.lines else b""


def typed(path: str, lines: int) -> str:
    table(Path(path).parent / "typed.csv", rows([lines], 2), COLUMNS[:5])
    return (Path(path).parent / "typed.csv").read_text()


def test_each_row_is_answered_before_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path, out = trained(tmp_path, "gru", "classification"), list[bytes]()

    def seen() -> int:
        out.append(capfdbinary.readouterr().out)
        return b"".join(out).count(b"\n")

    stdin = Typed(typed(path, 4), seen)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["predict", "--data", "SeriesData", "--ckpt_path", path, "--stream"]) == 0
    assert stdin.answered == [0, 0, 2, 3, 4, 5]  # a line names the columns; the last is the end
    assert b"".join(out).splitlines()[0] == b"machine\ttime\tstate\tprobability"


def test_an_interruption_ends_it_quietly_and_keeps_what_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path, file = trained(tmp_path, "gru", "classification"), tmp_path / "out.jsonl"
    stdin = Typed(
        typed(path, 3), lambda: len(file.read_text().splitlines()) if file.exists() else 0, KeyboardInterrupt
    )
    monkeypatch.setattr(sys, "stdin", stdin)
    words = ["--output", str(file), "--format", "jsonl"]
    assert main(["predict", "--data", "SeriesData", "--ckpt_path", path, "--stream", *words]) == 130
    assert stdin.answered == [0, 0, 1, 2, 3]
    assert [json.loads(line)["time"] for line in file.read_text().splitlines()] == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_a_reader_who_leaves_ends_it_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = trained(tmp_path, "gru", "classification")
    read, write = os.pipe()
    os.close(read)
    stdin = Typed(typed(path, 3), int)
    monkeypatch.setattr(sys, "stdin", stdin)
    file = os.fdopen(write, "w")
    monkeypatch.setattr(sys, "stdout", file)
    with file, pytest.raises(SystemExit) as end:
        main(["predict", "--data", "SeriesData", "--ckpt_path", path, "--stream"])
    assert end.value.code == 0
    assert len(stdin.lines) == 2  # the first answer found nobody

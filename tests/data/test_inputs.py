"""The inputs of a user: what is forgiven, what is refused with file and line, and that nobody waits."""

from __future__ import annotations

import io
import os
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seqtoolkit.data import lines as lines_module
from seqtoolkit.data.base import prompts
from seqtoolkit.data.g2p import CODEC, G2PData
from seqtoolkit.data.inputs import Prompts
from seqtoolkit.data.lines import MAX_LINE
from seqtoolkit.data.pairs import PairsData
from seqtoolkit.data.reverse import ReverseData
from seqtoolkit.decoding import Hypothesis


def write(folder: Path, data: bytes) -> str:
    path = folder / "words.txt"
    path.write_bytes(data)
    return str(path)


def read(source: str, **options: Any) -> list[str]:
    """Return all prompts as they were typed."""
    stream = Prompts(source, G2PData().encode, CODEC.example, **options)
    found = {}
    for batch in stream:
        assert batch.index is not None
        for number, tokens in zip(batch.index.tolist(), prompts(batch), strict=True):
            found[number] = stream.asked.pop(number)
            assert tokens == CODEC.encode(found[number].strip().lower())
    assert not stream.asked
    return [found[number] for number in range(len(found))]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"cat\ndog\n", ["cat", "dog"]),
        (b"cat\ndog", ["cat", "dog"]),
        (b"\xef\xbb\xbfcat", ["cat"]),
        (b"\xef\xbb\xbfcat\r\n  dog \r\n", ["cat", "  dog "]),
        (b"Cat\nDON'T\nu.s.a.\n", ["Cat", "DON'T", "u.s.a."]),
        (b"cat\tK AE T\ndog\t\n", ["cat", "dog"]),
        (b"a\nb\n" * 5000, ["a", "b"] * 5000),
    ],
)
def test_files_as_people_have_them(tmp_path: Path, data: bytes, words: list[str]) -> None:
    assert read(write(tmp_path, data)) == words


BAD = [
    (b"", r"words.txt has no inputs; write one on each line, such as remember"),
    (b"\xef\xbb\xbf", r"words.txt has no inputs;"),
    (b"\xef\xbb\xbf\r\n\n", r"words.txt, line 1: an empty input; expected one such as remember"),
    (b"cat\n \t\ndog\n", r"words.txt, line 2: an empty input; .*--data.on_bad_line skip"),
    (b"cat\ndog\n\n", r"words.txt, line 3: an empty input"),
    (b"cat\ndog\nna\xefve\n", r"words.txt, line 3: not UTF-8 .*save it as UTF-8"),
    ("cat\nnaïve\n".encode(), r"words.txt, line 2: .*'naïve' has 'ï'; this model reads only abc"),
    (b"two words\n", r"line 1: .*'two words' has ' '"),
    (b"route66\n", r"line 1: .*'route66' has '6'"),
    (b"a\x00b\n", r"line 1: .*x00"),
    (b"cat\n" * 3000 + b"?\n", r"line 3001: .*on_bad_line skip"),
    (b"cat\n" + b"x" * (10 << 20), r"line 2: longer than 1,048,576 bytes"),
]


@pytest.mark.parametrize(("data", "message"), BAD)
def test_bad_files_are_refused_with_the_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(write(tmp_path, data))


def test_bad_lines_are_left_out_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = b"cat\n?\n" + b"\xff\n" + b"y" * (MAX_LINE + 1) + b"\ndog\n!\n \n"
    assert read(write(tmp_path, data), on_bad_line="skip") == ["cat", "dog"]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert (
        "words.txt: 5 of 7 lines skipped: 2 an input that cannot be read (first: line 2), 1 not UTF-8" in said
    )
    assert "1 an empty input (first: line 7)" in said
    with pytest.raises(ValueError, match="has no inputs left; write one"):
        read(write(tmp_path, b"\n\n"), on_bad_line="skip")


@pytest.mark.parametrize("made_of", ["characters", "words"])
def test_spaces_are_read_as_in_training(tmp_path: Path, made_of: str) -> None:
    sources = ["a b", " b a", "ab ", "  a", "b"] * 4
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"{source}\tx\n" for source in sources))
    inputs = write(tmp_path, "".join(f"{source}\n" for source in sources).encode())
    data = PairsData(train=str(pairs), val=str(pairs), source=made_of, inputs=inputs)
    examples = data.train_dataloader().examples
    trained = sorted(
        tokens[:asked].tolist()
        for tokens, asked in zip(
            examples.inputs.split(examples.lengths.tolist()), examples.asked, strict=True
        )
    )
    assert sorted(tokens for batch in data.predict_dataloader() for tokens in prompts(batch)) == trained


@pytest.mark.parametrize(
    ("kind", "word", "option"), [(G2PData, "cat", "words"), (ReverseData, "3 4", "inputs")]
)
def test_every_task_takes_the_option_that_its_errors_name(
    kind: Any, word: str, option: str, tmp_path: Path
) -> None:
    path = write(tmp_path, f"{word}\n?\n".encode())
    with pytest.raises(ValueError, match=r"leave out such lines: --data\.on_bad_line skip"):
        sum(len(batch) for batch in kind(**{option: path}).predict_dataloader())
    skipping = kind(**{option: path}, on_bad_line="skip")
    assert sum(len(batch) for batch in skipping.predict_dataloader()) == 1


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot read .*none.txt: No such file or directory; give a file"):
        read(str(tmp_path / "none.txt"))
    with pytest.raises(ValueError, match="Is a directory"):
        read(str(tmp_path))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"cat\nd?g\n")))
    with pytest.raises(ValueError, match=r"standard input, line 2: .*'d\?g' has '\?'"):
        read("-")


def test_predicting_needs_words() -> None:
    with pytest.raises(ValueError, match=r"--data\.words FILE"):
        G2PData().predict_dataloader()


def test_a_line_is_answered_before_the_next_one_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb", buffering=0) as typed:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=pipe))
        batches = iter(Prompts("-", CODEC.encode, "x"))
        for words in (["cat"], ["horse", "dog"], ["owl"]):
            typed.write("".join(f"{word}\n" for word in words).encode())
            assert prompts(next(batches)) == [CODEC.encode(word) for word in words]


class Endless(io.RawIOBase):
    """Says the same for ever."""

    def read1(self, size: int) -> bytes:
        return (b"cat\nhorse\n" * size)[:size]


def test_an_endless_input_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Endless()))
    monkeypatch.setattr(lines_module, "_BLOCK", 1 << 13)
    data = G2PData(words="-")
    batches = iter(data.predict_dataloader())
    peaks = []
    tracemalloc.start()
    for _ in range(2):
        for _ in range(12):  # blocks of 2 batches
            batch = next(batches)
            data.prediction_rows(batch, [[Hypothesis([1], 0.0, 0.0, True)]] * len(batch))
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_a_long_line_takes_bounded_memory(tmp_path: Path) -> None:
    path = write(tmp_path, b"x" * (50 << 20) + b"\ncat\n")
    tracemalloc.start()
    assert read(path, on_bad_line="skip") == ["cat"]
    assert tracemalloc.get_traced_memory()[1] < 6 * MAX_LINE
    tracemalloc.stop()


def test_prompts_and_rows_belong_together(tmp_path: Path) -> None:
    words = ["Cat", "a" * 9000, "it's", "dog"]
    data = G2PData(words=write(tmp_path, "\n".join(words).encode()))
    rows: dict[int, dict[str, Any]] = {}
    said = [CODEC.classes["K"], CODEC.classes["AE"]]
    for batch in data.predict_dataloader():
        assert batch.index is not None
        asked = prompts(batch)
        assert batch.lengths.tolist() == [len(prompt) for prompt in asked]
        assert asked == [CODEC.encode(words[n].lower()) for n in batch.index.tolist()]
        found = data.prediction_rows(batch, [[Hypothesis(said, 0.0, 0.0, True)]] * len(batch))
        rows |= dict(zip(batch.index.tolist(), found, strict=True))
    assert [rows[n] for n in range(4)] == [{"word": word, "phonemes": "K AE"} for word in words]


def test_several_answers_have_their_scores(tmp_path: Path) -> None:
    data = G2PData(words=write(tmp_path, b"cat\n"))
    (batch,) = data.predict_dataloader()
    found = [[Hypothesis([3, 4], -1.0, -0.5, True), Hypothesis([], -2.0, -2.0, True)]]
    (row,) = data.prediction_rows(batch, found, n_best=5)
    answers = [{"answer": CODEC.text([3, 4]), "score": -0.5}, {"answer": "", "score": -2.0}]
    assert row == {"source": "cat", "n_best": answers}

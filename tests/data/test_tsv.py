"""Files of pairs: what is forgiven, what is refused with file and line, and what is left out and counted."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.data.lines import MAX_LINE, BadLine, lines
from seqtoolkit.data.pairing.pair import Pair
from seqtoolkit.data.pairing.tsv import parse, read_pairs
from seqtoolkit.data.pairs import PairsData

GOOD = "".join(f"{word}\t{word[::-1]}\n" for word in ("ab", "abc", "ca", "bb", "cab")).encode()


def write(folder: Path, data: bytes) -> str:
    path = folder / "pairs.tsv"
    path.write_bytes(data)
    return str(path)


def pairs(folder: Path, data: bytes) -> list[Pair]:
    return read_pairs(write(folder, data), lambda pair: None)[0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\tb\nc\td\n", [("a", "b"), ("c", "d")]),
        (b"a\tb\nc\td", [("a", "b"), ("c", "d")]),
        (b"\xef\xbb\xbfa\tb\r\nc\td\r\n", [("a", "b"), ("c", "d")]),
        (b'"a\t"b\n', [('"a', '"b')]),  # quotes are symbols like others
        ("é ü\tß, 日\n".encode(), [("é ü", "ß, 日")]),
        (b"a\tb\t0-0\nc d\te f\t0-1 1-0\n", [("a", "b", ((0, 0),)), ("c d", "e f", ((0, 1), (1, 0)))]),
    ],
)
def test_files_as_people_have_them(tmp_path: Path, data: bytes, expected: list[tuple[str, ...]]) -> None:
    assert pairs(tmp_path, data) == [Pair(*each) for each in expected]  # type: ignore[arg-type]


BAD = {
    "one column": (b"abc\n", r"one column, 'abc'; expected a source, a tab and a target"),
    "more than 3 columns": (b"a\tb\t0-0\td\n", "more than 3 columns, 4 of them"),
    "an empty line": (b"\r\n", "an empty line"),
    "an empty source": (b" \tb\n", "an empty source"),
    "an empty target": (b"a\t\n", "an empty target"),
    "not UTF-8": (b"a\tna\xefve\n", r"not UTF-8 \(invalid continuation byte at byte 5\); save it as UTF-8"),
    "longer than 1,048,576 bytes": (b"x" * (10 << 20) + b"\n", "longer than 1,048,576 bytes"),
    "a third column that is no alignment": (
        b"a\tb\tCC-BY\n",
        "a third column that is no alignment, 'CC-BY'; expected pairs of positions",
    ),
    "an alignment outside its pair": (
        b"a\tb\t0-1\n",
        "an alignment outside its pair, 0-1 of 1 and 1 symbols; .* from 0",
    ),
    "a source of more than 6 symbols": (
        b"abcabca\tb\n",
        "a source of more than 6 symbols, 7 of them; the limit is --data.max_source",
    ),
    "a target of more than 4 symbols": (
        b"a\tbcabc\n",
        "a target of more than 4 symbols, 5 of them; the limit is --data.max_target",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_line_is_refused_with_file_and_number(tmp_path: Path, kind: str) -> None:
    data, message = BAD[kind]
    path = write(tmp_path, GOOD + data + GOOD)
    with pytest.raises(ValueError, match=rf"pairs.tsv, line 6: {message}.*--data.on_bad_line skip$"):
        PairsData(file=path, max_source=6, max_target=4)


def test_bad_lines_are_left_out_on_request_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, GOOD + b"".join(data for data, _ in BAD.values()) + b"d\td\n" + b"abc\n")
    data = PairsData(train=path, val=path, max_source=6, max_target=4, on_bad_line="skip")
    assert [pair.source for pair in data.pairs("train")] == ["ab", "abc", "ca", "bb", "cab", "d"]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2  # one for each file that was read
    assert said[0].startswith(
        f"seqtoolkit: {path}: 12 of 18 lines skipped: 2 one column (first: line 6),"
        " 1 more than 3 columns (first: line 7)"
    )
    assert all(kind in said[0] for kind in BAD)


def test_files_without_pairs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pairs.tsv has no pairs; expected a source, a tab and a target"):
        pairs(tmp_path, b"")
    with pytest.raises(ValueError, match="has no pairs left"):
        read_pairs(write(tmp_path, b"abc\n"), lambda pair: None, "skip")
    with pytest.raises(
        ValueError, match=r"cannot read .*none.tsv: No such file or directory; expected a source"
    ):
        read_pairs(str(tmp_path / "none.tsv"), lambda pair: None)
    with pytest.raises(ValueError, match="Is a directory"):
        read_pairs(str(tmp_path), lambda pair: None)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:  # the superuser, who may run the tests, may read everything
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    path = write(tmp_path, GOOD)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match=r"cannot read .*pairs.tsv: Permission denied"):
        read_pairs(path, lambda pair: None)


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(GOOD,), daemon=True).start()
    found, sha256 = read_pairs(str(path), lambda pair: None)
    assert (len(found), sha256) == (5, hashlib.sha256(GOOD).hexdigest())


def test_a_file_of_one_endless_line_takes_bounded_memory(tmp_path: Path) -> None:
    path = write(tmp_path, b"x" * (50 << 20))
    tracemalloc.start()
    with pytest.raises(ValueError, match="longer than"):
        read_pairs(path, lambda pair: None)
    assert tracemalloc.get_traced_memory()[1] < 6 * MAX_LINE
    tracemalloc.stop()


class Pieces:
    """Bytes that come in pieces of their own sizes."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = iter([piece for piece in pieces if piece])

    def read1(self, size: int, /) -> bytes:
        return next(self.pieces, b"")


@given(st.lists(st.binary(max_size=9)))
def test_lines_do_not_depend_on_how_bytes_come(pieces: list[bytes]) -> None:
    whole = b"".join(pieces).removeprefix(b"\xef\xbb\xbf")
    expected = whole.split(b"\n") if not whole.endswith(b"\n") else whole.split(b"\n")[:-1]
    assert [line for some in lines(Pieces(pieces)) for line in some] == (expected if whole else [])


CELL = st.text(st.characters(blacklist_characters="\t\n\r", blacklist_categories=["Cs"])).filter(str.strip)


@given(CELL, CELL, st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1))
def test_every_pair_survives_writing(source: str, target: str, links: list[tuple[int, int]]) -> None:
    assert parse(f"{source}\t{target}") == Pair(source, target)
    text = " ".join(f"{i}-{j}" for i, j in links)
    assert parse(f"{source}\t{target}\t{text}") == Pair(source, target, tuple(links))


@given(st.text())
def test_a_line_is_a_pair_or_bad(line: str) -> None:
    try:
        pair = parse(line)
    except BadLine:
        return
    assert line.split("\t")[:2] == [pair.source, pair.target]

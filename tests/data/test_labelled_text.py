"""Texts with a class: the same rows from every format, what is refused with its line, and what is answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from seqtoolkit.codec import Codec
from seqtoolkit.data.labelled_text import LabelledTextData
from seqtoolkit.data.pairing.symbols import UNKNOWN
from seqtoolkit.data.texts.rows import Columns, read_rows
from seqtoolkit.model import SequenceModel

ROWS = [
    (f"{'a good' if number % 3 else 'one bad'} day {number}", "+-"[number % 3 == 0]) for number in range(90)
]


def write(folder: Path, data: str | bytes, name: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def tsv(rows: list[tuple[str, str]]) -> str:
    return "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows)


def read(path: str, **options: Any) -> list[tuple[str, str]]:
    rows, sha256 = read_rows(path, Columns("text", "label"), lambda row: None, **options)
    assert len(sha256) == 64
    return [(row.text, row.label) for row in rows]


def formats(folder: Path) -> list[str]:
    json_lines = "".join(json.dumps({"id": 1, "label": label, "text": text}) + "\n" for text, label in ROWS)
    quoted = "".join(f'{label},7,"{text}"\r\n' for text, label in ROWS)
    for number, (text, label) in enumerate(ROWS):
        write(folder, text, f"classes/{label}/{number:02d}.txt")
    return [
        write(folder, tsv(ROWS), "a.tsv"),
        write(folder, b"\xef\xbb\xbf" + tsv(ROWS).replace("\n", "\r\n").encode(), "windows.tsv"),
        write(folder, json_lines, "a.jsonl"),
        write(folder, "label,id,text\r\n" + quoted, "a.csv"),
        str(folder / "classes"),
    ]


def test_every_format_has_the_same_rows(tmp_path: Path) -> None:
    """Columns are matched by name, whatever their order and whatever else there is."""
    for path in formats(tmp_path):
        assert sorted(read(path)) == sorted(ROWS), path


def test_csv_cells_may_have_commas_quotes_and_lines(tmp_path: Path) -> None:
    path = write(tmp_path, 'text,label\n"one, ""two""\nthree",x\n\nfour,y\n', "a.csv")
    assert read(path) == [('one, "two"\nthree', "x"), ("four", "y")]


BAD = [
    ("a.tsv", b"", r"line 1: no columns are called 'text'"),
    ("a.tsv", b"text\tlabel\n", r"a.tsv has no rows; expected a .tsv, .csv or .jsonl file"),
    (
        "a.tsv",
        b"Text\tlabel\nx\ty\n",
        r"a.tsv, line 1: no columns are called 'text'.*'Text'.*--data.text NAME",
    ),
    ("a.tsv", b"text\ttext\tlabel\nx\ty\tz\n", r"2 columns are called 'text'"),
    ("a.csv", b"text;label\nx;y\n", r"a.csv, line 1: no columns are called 'text'.*'text;label'"),
    ("a.tsv", b"text\tlabel\nx\ty\nna\xefve\tz\n", r"a.tsv, line 3: not UTF-8 .*save it as UTF-8"),
    ("a.tsv", b"text\tlabel\nx\n", r"line 2: another number of columns, 1; the first line has 2"),
    ("a.tsv", b"text\tlabel\n\tx\n", r"line 2: an empty text; expected a text and a label"),
    ("a.tsv", b"text\tlabel\nx\t \n", r"line 2: an empty label"),
    ("a.tsv", b"text\tlabel\n" + b"x" * (10 << 20) + b"\ty\n", r"a.tsv, line 2: longer than 1,048,576 bytes"),
    ("a.csv", b'text,label\n"x,y\nz,w\n', r"a.csv, line 3: not CSV .*put a cell .* in double quotes"),
    ("a.csv", b"text,label\n" + b"x" * (10 << 20) + b",y\n", r"a.csv, line 2: longer than 1,048,576 bytes"),
    (
        "a.jsonl",
        b'{"text": "a", "label": "b"}\n{"text": \n',
        r"a.jsonl, line 2: not JSON .*expected an object",
    ),
    ("a.jsonl", b"[1]\n", r"line 1: no JSON object but '\[1\]'"),
    (
        "a.jsonl",
        b'{"body": "a", "label": "b"}\n',
        r"line 1: no 'text' that is .* among 'body', 'label'.*--data.text",
    ),
    ("a.jsonl", b'{"text": "a", "label": null}\n', r"line 1: no 'label' that is a text or a number"),
    (
        "a.jsonl",
        b'{"text": "\\ud83d\\ude00", "label": "b"}\n{"text": "\\ud83d", "label": "b"}\n',
        r"a.jsonl, line 2: half a character",
    ),
    ("a.doc", b"x", r"a.doc ends in '.doc'; expected a .tsv"),
]


@pytest.mark.parametrize(("name", "data", "message"), BAD)
def test_bad_files_are_refused_with_the_line(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(write(tmp_path, data, name))


def test_bad_lines_are_left_out_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, b"text\tlabel\nx\ty\n\xff\tz\nonly\n\tz\nw\tz\n", "a.tsv")
    assert read(path, on_bad_line="skip") == [("x", "y"), ("w", "z")]
    assert "a.tsv: 3 of 6 lines skipped: 1 not UTF-8 (first: line 3)" in capsys.readouterr().err
    write(tmp_path, "fine", "classes/a/1.txt")
    write(tmp_path, b"\xff", "classes/b/2.txt")
    with pytest.raises(ValueError, match=r"2.txt, line 1: not UTF-8.*--data.on_bad_line skip"):
        read(str(tmp_path / "classes"))
    assert read(str(tmp_path / "classes"), on_bad_line="skip") == [("fine", "a")]
    assert "classes: 1 files skipped (first: " in capsys.readouterr().err


def test_places_that_hold_no_classes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no folders; expected"):
        read(str(tmp_path))
    (tmp_path / "spam").mkdir()
    with pytest.raises(ValueError, match=r"spam has no files; expected text files that end in '.txt'"):
        read(str(tmp_path))
    with pytest.raises(ValueError, match=r"cannot read .*none.tsv: No such file"):
        read(str(tmp_path / "none.tsv"))


def build(folder: Path, rows: list[tuple[str, str]] = ROWS, **options: Any) -> LabelledTextData:
    return LabelledTextData(write(folder, tsv(rows), "all.tsv"), **options)


def test_copies_of_a_text_stay_together_and_no_other_row_moves_it(tmp_path: Path) -> None:
    def split(rows: list[tuple[str, str]]) -> dict[str, set[str]]:
        data = build(tmp_path, rows)
        return {name: {row.text for row in data.items(name)} for name in ("train", "val", "test")}

    once, more = split(ROWS), split([*ROWS, *ROWS, *((f"new {text}", label) for text, label in ROWS)])
    for name, texts in once.items():
        assert texts
        assert texts <= more[name]
    assert not more["train"] & more["val"]


def test_the_class_is_asked_after_the_last_word(tmp_path: Path) -> None:
    data = build(tmp_path)
    codec = data.codec
    assert codec == Codec.from_dict(json.loads(json.dumps(codec.to_dict())))
    assert data.spec["classes"] == list(codec.labels) == ["+", "-"]
    for batch in data.val_dataloader():
        assert batch.index is not None
        assert batch.mask.sum(1).tolist() == [1] * len(batch)
        for row, number in enumerate(batch.index.tolist()):
            asked, tokens = data.items("val")[number], batch.inputs[row, : batch.lengths[row]].tolist()
            assert tokens == codec.encode(asked.text)
            assert codec.asked(tokens) == batch.mask[row].nonzero().flatten().tolist()
            assert codec.names(batch.targets[batch.mask][row : row + 1].tolist()) == [asked.label]
    assert codec.decode(codec.encode("a new day")) == ["a", UNKNOWN, "day"]


def test_training_needs_two_classes_and_knows_all_that_are_tested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=r"every training example has the label '-'.*expected at least two"):
        build(tmp_path, [(text, "-") for text, _ in ROWS])
    train = write(tmp_path, tsv(ROWS), "train.tsv")
    val = write(tmp_path, tsv([("a good day", "+"), ("odd", "?")]), "val.tsv")
    with pytest.raises(
        ValueError, match=r"val.tsv, line 3: a label that training does not have, '\?'; it has '\+'"
    ):
        LabelledTextData(train=train, val=val)
    assert len(LabelledTextData(train=train, val=val, on_bad_line="skip").items("val")) == 1
    assert "1 a label that training does not have" in capsys.readouterr().err
    write(tmp_path, "odd", "classes/?/1.txt")
    folder = str(tmp_path / "classes")
    with pytest.raises(ValueError, match=r"/classes: a label that training does .*Mend the file"):
        LabelledTextData(train=train, val=folder)
    write(tmp_path, "a good day", "classes/+/1.txt")
    assert len(LabelledTextData(train=train, val=folder, on_bad_line="skip").items("val")) == 1
    assert "classes: 1 of 2 files skipped: 1 a label that training" in capsys.readouterr().err
    with pytest.raises(ValueError, match="no val text has labels that training has"):
        LabelledTextData(train=train, val=write(tmp_path, tsv([("b", "?")]), "o.tsv"), on_bad_line="skip")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 2}, r"all.tsv, line 2: a text of more than 2 symbols, 4 of them; the limit is"),
        ({"min_count": 1000}, r"no symbol occurs 1,000 times in training; lower --data.min_count"),
        ({"batch_tokens": 0}, "batch_tokens must be at least 1"),
        ({"shares": (0.0, 1.0, 0.0)}, "the first positive"),
        ({"val": "v.tsv"}, r"is divided into three parts; leave out --data.val"),
        ({"label": "class"}, r"no columns are called 'class'.*--data.label NAME"),
    ],
)
def test_impossible_options(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(tmp_path, **options)


def test_predictions_are_the_likeliest_classes_whatever_the_batch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    asked = ["a good day", "one bad day 3", "x"]
    data = build(tmp_path, inputs=write(tmp_path, "\n".join(asked), "asked.txt"))
    model = SequenceModel("gru", 2, len(data.codec.symbols), d_model=8).eval()
    rows: dict[int, dict[str, Any]] = {}
    for batch in data.predict_dataloader():
        rows |= dict(data.predictions(model, batch))
    for number, text in enumerate(asked):
        with torch.no_grad():
            chances = model(torch.tensor([data.codec.encode(text)]))[0][0, -1].softmax(-1)
        assert rows[number]["text"] == text
        assert rows[number]["label"] == data.codec.labels[int(chances.argmax())]
        assert rows[number]["probability"] == pytest.approx(float(chances.max()), abs=2e-6)
    with pytest.raises(ValueError, match=r"nothing to predict: give --data.inputs FILE"):
        build(tmp_path).predict_dataloader()
    for name in ("asked.csv", "asked.TSV", "asked.jsonl"):  # whose header and labels would be texts
        with pytest.raises(
            ValueError, match="is called like a table, and `predict` reads a text on each line"
        ):
            build(tmp_path, inputs=write(tmp_path, "text\tlabel\na\tb\n", name)).predict_dataloader()
    with pytest.raises(ValueError, match=r"no texts: give --data.file"):
        LabelledTextData()

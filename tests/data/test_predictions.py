"""Predictions as they are written: in order, soon, whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.cli import main
from seqtoolkit.predictions import PredictionWriter

TRAINER: Any = SimpleNamespace(predict_loop=SimpleNamespace(return_predictions=True))
MODULE: Any = None
ROWS = [{"source": text, "target": text[::-1]} for text in ("ab", "é\u2028x", 'q"u', "", "z")]


def write(writer: PredictionWriter, batches: list[list[tuple[int, dict[str, Any]]]]) -> None:
    writer.setup(TRAINER, MODULE, "predict")
    for batch in batches:
        writer.write_on_batch_end(TRAINER, MODULE, batch, None, None, 0, 0)
    writer.on_predict_end(TRAINER, MODULE)


@given(st.permutations(range(5)), st.integers(1, 5))
def test_rows_come_in_order_whatever_the_batches(order: list[int], size: int) -> None:
    import tempfile

    numbered = [(number, ROWS[number]) for number in order]
    batches = [numbered[start : start + size] for start in range(0, 5, size)]
    with tempfile.TemporaryDirectory() as folder:
        tsv, jsonl = Path(folder, "a.tsv"), Path(folder, "a.jsonl")
        write(PredictionWriter(str(tsv), "tsv"), batches)
        write(PredictionWriter(str(jsonl), "jsonl"), batches)
        lines = tsv.read_text(encoding="utf-8").split("\n")
        assert lines == ["source\ttarget", *("\t".join(row.values()) for row in ROWS), ""]
        assert [json.loads(line) for line in jsonl.read_bytes().splitlines()] == ROWS
        assert sorted(path.name for path in Path(folder).iterdir()) == ["a.jsonl", "a.tsv"]


def test_several_answers_are_several_lines_of_tsv_and_one_of_json(tmp_path: Path) -> None:
    answers = [{"answer": "ba", "score": -0.25}, {"answer": "b\ta", "score": -1.5}]
    row = {"source": "ab", "n_best": answers}
    write(PredictionWriter(str(tmp_path / "a.tsv"), "tsv"), [[(0, row), (1, row)]])
    cells = [line.split("\t") for line in (tmp_path / "a.tsv").read_text().splitlines()]
    assert cells[0] == ["source", "rank", "answer", "score"]
    assert cells[1:3] == cells[3:5] == [["ab", "1", "ba", "-0.250000"], ["ab", "2", "b a", "-1.500000"]]
    write(PredictionWriter(str(tmp_path / "a.jsonl"), "jsonl"), [[(0, row)]])
    assert json.loads((tmp_path / "a.jsonl").read_text()) == row


def test_a_row_is_written_as_soon_as_those_before_it(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    writer = PredictionWriter("-", "jsonl")
    seen = []
    for number in (1, 0, 2, 4, 3):
        writer.write_on_batch_end(TRAINER, MODULE, [(number, {"n": number})], None, None, 0, 0)
        seen.append(capfdbinary.readouterr().out.count(b"\n"))
    assert seen == [0, 2, 1, 0, 2]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("old")
    writer = PredictionWriter(str(path), "tsv")
    writer.write_on_batch_end(TRAINER, MODULE, [(0, ROWS[0])], None, None, 0, 0)
    assert path.read_text() == "old"
    writer.on_exception(TRAINER, MODULE, ValueError("line 7"))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_predictions_do_not_pile_up() -> None:
    PredictionWriter("-", "tsv").setup(TRAINER, MODULE, "predict")
    assert TRAINER.predict_loop.return_predictions is False


@pytest.fixture(scope="module")
def reverser(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint that has hardly learned to write backwards."""
    folder = tmp_path_factory.mktemp("pairs")
    words = [f"{number:x}" for number in range(99, 9999, 99)]
    (folder / "pairs.tsv").write_text("".join(f"{word}\t{word[::-1]}\n" for word in words))
    options = f"""
        --data PairsData --data.file {folder}/pairs.tsv --model.arch gru --model.d_model 16 --model.num_layers 1
        --trainer.max_steps 3 --trainer.enable_progress_bar false --trainer.log_every_n_steps 1 --run {folder}/run
    """
    assert main(["fit", *options.split()]) == 0
    return f"{folder}/run/checkpoints/last.ckpt"


@pytest.fixture
def predict(reverser: str) -> Iterator[subprocess.Popen[bytes]]:
    """Answers what is typed."""
    command = [sys.executable, "-m", "seqtoolkit", "predict", "--ckpt_path", reverser, "--data.inputs", "-"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        yield process
        process.kill()


def test_a_slow_pipe_is_answered_line_by_line(predict: subprocess.Popen[bytes]) -> None:
    assert predict.stdin is not None
    assert predict.stdout is not None
    for number, text in enumerate((b"ab12", "日本".encode(), b"9")):
        predict.stdin.write(text + b"\n")
        predict.stdin.flush()
        if number == 0:
            assert predict.stdout.readline() == b"source\ttarget\n"
        assert predict.stdout.readline().split(b"\t")[0] == text
    predict.stdin.close()
    assert predict.wait(60) == 0


def test_a_reader_who_leaves_ends_it_quietly(predict: subprocess.Popen[bytes]) -> None:
    assert predict.stdin is not None
    assert predict.stdout is not None
    assert predict.stderr is not None
    block = b"cab\n" * 4000
    os.set_blocking(predict.stdin.fileno(), True)
    predict.stdin.write(block)
    predict.stdin.flush()
    assert predict.stdout.readline() == b"source\ttarget\n"
    predict.stdout.close()
    while predict.poll() is None:  # an endless input
        try:
            predict.stdin.write(block)
        except BrokenPipeError:
            break
    assert predict.wait(60) == 0
    assert b"Traceback" not in (said := predict.stderr.read())
    assert b"Broken" not in said


def test_a_bad_input_is_one_line_and_leaves_no_file(
    reverser: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.txt").write_bytes(b"ab\n\xff\nba\n")
    words = ["predict", "--ckpt_path", reverser, "--data.inputs", str(tmp_path / "in.txt")]
    assert main([*words, "--output", str(tmp_path / "out.tsv")]) == 2
    assert "in.txt, line 2: not UTF-8" in capsys.readouterr().err.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]
    skipping = [*words, "--data.on_bad_line", "skip", "--output", str(tmp_path / "out.tsv")]
    assert main(skipping) == 0
    assert "1 of 3 lines skipped: 1 not UTF-8 (first: line 2)" in capsys.readouterr().err
    assert [line.split("\t")[0] for line in (tmp_path / "out.tsv").read_text().splitlines()] == [
        "source",
        "ab",
        "ba",
    ]

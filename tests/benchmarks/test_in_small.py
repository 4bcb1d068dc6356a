"""Benchmarks run from end to end in a few seconds, and print what they should."""

import argparse
import importlib
import sys
from pathlib import Path

import pytest


def test_what_retention_costs_is_measured_in_small(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    retention = importlib.import_module("retention")
    words = (
        "retention.py --repeats 1 --lags 6 --steps 24 --sequences 120 --width 8 --growth 24 48 --threads 1"
    )
    monkeypatch.setattr(sys, "argv", words.split())
    monkeypatch.setattr(retention, "GROWTH_SEQUENCES", 120)
    retention.main()
    printed = capsys.readouterr().out
    for protocol in ("decoding", "gradient", "influence", "recall", "truncation", "timescale", "all"):
        assert f"| {protocol} |" in printed
    assert "grows as" in printed


def test_a_stream_is_timed_in_small(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    streaming = importlib.import_module("streaming")
    words = "streaming.py --arch gru attention --rows 40 --channels 2 --window 16 --d_model 8 --num_layers 1 --dates"
    monkeypatch.setattr(sys, "argv", words.split())
    monkeypatch.setattr(streaming, "WARM", 8)
    streaming.main()
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][2:]
    assert [row[0] for row in rows] == ["| gru", "| attention"]
    assert all(float(row[-1].removesuffix(" |")) < 1e-4 for row in rows)  # both ways give the same answers


def test_tables_are_made_read_and_timed_in_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading = importlib.import_module("reading")
    monkeypatch.setattr(reading, "PIECE", 8_000)
    monkeypatch.setattr(reading, "GROUP", 500)
    files = dict(reading._files(tmp_path, argparse.Namespace(csv_mb=1, rows=96_000)))
    assert len(files["CSV"].read_text().splitlines()) == 16_001
    last = list(files.items())[-1:]
    monkeypatch.setattr(reading, "_files", lambda *_: last)
    monkeypatch.setattr(sys, "argv", "reading.py --repeats 1 --steps 1".split())
    reading.main()
    printed = capsys.readouterr().out
    (row,) = (line.split(" | ") for line in printed.splitlines() if line.startswith("| Parquet, long form"))
    assert row[2] == "8,000"
    assert "of the speed on a batch that stands still (1 repeats of 1 steps" in printed


def test_labelled_sequences_are_trained_once_and_tabled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled, asked = importlib.import_module("labelled"), list[str]()
    command = labelled.seqtoolkit
    monkeypatch.setattr(labelled, "seqtoolkit", lambda *words: asked.append(words[0]) or command(*words))
    words = f"labelled.py --folder {tmp_path} --seeds 1 --tasks vowels --trainer.max_steps 2"
    monkeypatch.setattr(sys, "argv", words.split())
    for _ in range(2):
        labelled.main()
    first, again = (
        line for line in capsys.readouterr().out.splitlines() if line.startswith("| Japanese Vowels")
    )
    assert first == again
    assert " | 8.4% | " in first  # the majority class of 370 test sequences
    assert asked == ["fit", "test"]

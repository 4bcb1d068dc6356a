"""`seqtoolkit retention`: measured once, stored beside the checkpoint, resumed to the same numbers, compared."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from seqtoolkit import checkpoint, retention_store
from seqtoolkit.cli import main
from seqtoolkit.retention.record import Record
from seqtoolkit.retention_session import Session
from seqtoolkit.runs import read_probe
from tests.core.commands import fit, seqtoolkit
from tests.core.measuring import DATA, MODEL, SMALL, failed, findings, measure, stored


def test_all_protocols_are_stored_and_printed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure(run) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("gru/best: gru, 8 steps of training\n")
    rows = {line.split()[0]: line for line in shown.out.splitlines() if line}
    for protocol in retention_store.PROTOCOLS:
        records = [record for record in stored(run) if record.protocol == protocol]
        seeds = {(record.seed, bool(record.settings.get("twin"))) for record in records}
        expected = {(0, False), (1, False), (0, True), (1, True)} - (
            {(1, False)} if protocol == "recall" else set()
        )
        assert seeds == expected
        assert all({"interval", "part", "drive", "asked"} <= set(record.settings) for record in records)
        assert protocol in rows
    probe = read_probe(run, "best", "diagnosis.json")
    assert probe is not None
    assert all(f"- {finding['text']}" in shown.out for finding in probe["findings"])
    assert str(next(r.horizon for r in stored(run) if r.protocol == "recall")) in rows["recall"]


def test_the_same_again_is_reused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure(run, *DATA) == 0
    first = (run / "probes" / "best" / "retention.json").read_bytes()
    printed = capsys.readouterr().out
    assert measure(run, *DATA) == 0
    shown = capsys.readouterr()
    assert shown.out == printed
    assert "7 of 7 measurements are stored and reused" in shown.err
    assert (run / "probes" / "best" / "retention.json").read_bytes() == first
    assert measure(run, *DATA, "--seeds", "3", small=SMALL[:4] + SMALL[6:]) == 0
    assert "7 of 10 measurements" in capsys.readouterr().err
    assert measure(run, *DATA, "--again") == 0
    assert "reused" not in capsys.readouterr().err


def test_another_question_is_asked_anew(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure(run, "--protocols", "truncation", "--no_twin") == 0
    other = [*SMALL[:6], "--lags", "1,4", "--progress", "none"]
    assert measure(run, "--protocols", "truncation", "--no_twin", small=other) == 0
    assert "reused" not in capsys.readouterr().err
    assert [record.lags for record in stored(run)] == [[1, 4], [1, 4]]
    weights = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    weights["state_dict"]["model.head.bias"] += 1
    torch.save(weights, run / "checkpoints" / "best.ckpt")
    assert measure(run, "--protocols", "truncation", "--no_twin", small=other) == 0
    assert "reused" not in capsys.readouterr().err


@pytest.mark.parametrize("protocols", ["recall,truncation", "decoding,gradient,influence,timescale"])
def test_an_interrupted_measurement_goes_on_to_the_same_numbers(
    protocols: str,
    run: Path,
    recalling: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Path(shutil.copytree(recalling, tmp_path / "whole" / "gru"))
    assert measure(whole, "--protocols", protocols) == 0
    count, original = 0, Session.measure

    def interrupted(self: Session, job: Any) -> None:
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        original(self, job)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "measure", interrupted)
        assert measure(run, "--protocols", protocols) == 130
    assert "gru/best: interrupted; all seeds that were measured are stored" in capsys.readouterr().err
    assert 3 <= len(stored(run)) < len(stored(whole))  # a measurement has a record for each unit
    assert measure(run, "--protocols", protocols) == 0
    assert re.search(r"3 of \d+ measurements are stored and reused", capsys.readouterr().err)
    assert stored(run) == stored(whole)


def test_an_interruption_outside_a_run_does_not_say_that_anything_is_stored(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, original = tmp_path / "alone.ckpt", Session.measure
    shutil.copy(run / "checkpoints" / "best.ckpt", alone)

    def interrupted(self: Session, job: Any) -> None:
        if job.twin:
            raise KeyboardInterrupt
        original(self, job)

    monkeypatch.setattr(Session, "measure", interrupted)
    assert measure(alone, "--protocols", "gradient") == 130
    assert capsys.readouterr().err.strip() == (
        f"{alone}: interrupted; nothing is stored, since it is not in a run folder: the same command begins anew"
    )


def test_the_recall_curve_is_that_of_test_and_both_are_kept(run: Path) -> None:
    assert measure(run, *DATA) == 0
    found = next(record for record in stored(run) if record.protocol == "recall")
    assert main(["test", "--ckpt_path", str(run / "checkpoints" / "best.ckpt")]) == 0
    tested = next(record for record in stored(run) if record.protocol == "recall")
    assert (tested.estimate, tested.horizon) == (found.estimate, found.horizon)
    assert [r.protocol for r in stored(run)].count("truncation") == 4
    assert sum(r.protocol == "recall" and not r.settings.get("twin") for r in stored(run)) == 1


def test_several_runs_are_compared_in_pairs(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "lstm"
    assert fit(other, "--model.arch", "lstm", *MODEL) == 0
    assert measure(run, other, *DATA) == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("protocol") and "further" in line)
    rows = [line.split() for line in lines[start + 2 :]]
    assert [row[:2] for row in rows] == [
        [protocol, name] for protocol in ("recall", "truncation") for name in ("gru/best", "lstm/best")
    ]
    assert rows[3][-1] == "2"
    assert measure(run, other, *DATA, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in document["measured"]] == ["gru/best", "lstm/best"]
    assert {(d["protocol"], d["pairs"]) for d in document["differences"]} == {
        ("recall", 1),
        ("truncation", 2),
    }
    records = [Record.from_dict(value) for value in document["measured"][1]["records"]]
    assert records == stored(other)


def test_an_encoder_decoder_is_measured_in_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs, run = tmp_path / "pairs.tsv", tmp_path / "run"
    pairs.write_text("".join(f"{number:o}\t{number:o}\n" for number in range(8, 900)))
    model = (
        "--data PairsData --model.arch gru --model.encoder gru --model.bidirectional false --model.d_model 16"
    )
    rest = "--model.num_layers 1 --trainer.max_epochs 1 --trainer.log_every_n_steps 1"
    assert (
        fit(
            run,
            "--data.file",
            str(pairs),
            base=[*model.split(), *rest.split(), "--trainer.enable_progress_bar", "false"],
        )
        == 0
    )
    protocols = ["--protocols", "gradient", "--no_twin"]
    assert measure(run, *protocols) == 0
    assert measure(run, "--part", "encoder", *protocols) == 0
    assert {record.settings["part"] for record in stored(run)} == {"decoder", "encoder"}
    assert len(stored(run)) == 4
    assert {finding["part"] for finding in findings(run)} == {"decoder", "encoder"}
    before = findings(run)
    assert measure(run, *protocols) == 0
    assert findings(run) == before
    assert measure(run, "--protocols", "influence", "--part", "encoder", "--no_twin") == 0
    assert measure(run, "--protocols", "truncation", "--split", "val", "--no_twin", "--lags", "1,2") == 0
    assert measure(run, "--protocols", "truncation", "--split", "val", "--part", "encoder", "--no_twin") == 0
    curves = {r.settings["part"]: r for r in stored(run) if r.protocol == "truncation"}
    assert set(curves) == {"encoder", "decoder"}
    assert curves["encoder"].unit == "nats"
    assert "trained on pairs; recall needs --data RecallData" in failed(capsys, run, "--protocols", "recall")


def test_all_sequences_that_were_asked_for_are_measured(run: Path) -> None:
    some = "--steps 12 --sequences 300 --seeds 1 --lags 1,4 --progress none --no_twin".split()
    assert measure(run, "--protocols", "gradient,influence,timescale,truncation", small=some) == 0
    assert {r.protocol: r.n for r in stored(run)} == {
        "gradient": [300, 300],
        "influence": [150, 150],  # pairs
        "timescale": [300, 300],
        "truncation": [300, 300],
    }


def test_the_progress_is_for_a_program(run: Path) -> None:
    done = seqtoolkit("retention", str(run), *DATA, *SMALL[:-2], "--progress", "lines", "--json")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["done"] for line in lines] == list(range(1, 8))
    assert lines[-1]["seconds_left"] == 0
    assert {line["protocol"] for line in lines} == {"recall", "truncation"}
    assert (
        json.loads(done.stdout)["measured"][0]["step"]
        == checkpoint.load(run / "checkpoints" / "best.ckpt").step
    )

"""`seqtoolkit retention`: measured once, stored beside the checkpoint, resumed to the same numbers, compared."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from seqtoolkit import checkpoint, retention_opening, retention_store
from seqtoolkit.cli import main
from seqtoolkit.probes import Probes
from seqtoolkit.retention import decoding_report
from seqtoolkit.retention.capacity import ImpossibleCapacity
from seqtoolkit.retention.record import Record
from seqtoolkit.retention_options import default_lags, parse, parse_lags
from seqtoolkit.retention_session import Session
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import alive, read_probe
from tests.core.commands import fit, seqtoolkit

MODEL = ["--trainer.max_epochs", "1", "--data.test_per_lag", "40"]
SMALL = "--steps 24 --sequences 128 --seeds 2 --lags 1,2,4,8 --progress none".split()
DATA = ["--protocols", "recall,truncation"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("trained") / "gru"
    assert fit(run, "--model.arch", "gru", *MODEL) == 0
    return run


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "gru"))


def measure(*words: object, small: list[str] = SMALL) -> int:
    return main(["retention", *map(str, words), *small])


def stored(run: Path) -> list[Record]:
    return retention_store.read(run, "best")


def failed(capsys: pytest.CaptureFixture[str], *words: object, small: list[str] = SMALL) -> str:
    """Run what must be refused in one line; return the line."""
    capsys.readouterr()
    assert measure(*words, small=small) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("seqtoolkit retention: ")
    return line


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


def test_an_interrupted_measurement_goes_on_to_the_same_numbers(
    run: Path,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Path(shutil.copytree(trained, tmp_path / "whole" / "gru"))
    assert measure(whole, *DATA) == 0
    count, original = 0, Session.measure

    def interrupted(self: Session, job: Any) -> None:
        nonlocal count
        count += 1
        if count == 4:
            raise KeyboardInterrupt
        original(self, job)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "measure", interrupted)
        assert measure(run, *DATA) == 130
    assert "interrupted; what was measured is stored" in capsys.readouterr().err
    assert len(stored(run)) == 3
    assert measure(run, *DATA) == 0
    assert "3 of 7 measurements are stored and reused" in capsys.readouterr().err
    assert stored(run) == stored(whole)


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


def test_a_checkpoint_without_data(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = tmp_path / "alone.ckpt"
    shutil.copy(run / "checkpoints" / "best.ckpt", alone)
    assert "recall: " in failed(capsys, alone, *DATA)
    line = failed(capsys, alone, "--protocols", "truncation")
    assert "has no data (no config.yaml of a run beside it), and recall and truncation need it" in line
    assert measure(alone, "--no_twin") == 0
    shown = capsys.readouterr()
    assert "left out recall" in shown.err
    assert "left out truncation" in shown.err
    assert "is not in a run folder" in shown.err
    assert "gradient" in shown.out
    assert not (tmp_path / "probes").exists()


def edit_config(run: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    edit(config)
    (run / "config.yaml").write_text(yaml.safe_dump(config))


def test_data_that_is_not_that_of_the_checkpoint(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_config(run, lambda config: config["data"]["init_args"].update(num_symbols=5))
    assert "holds another model (vocab_size: the checkpoint has 30" in failed(capsys, run, *DATA)
    edit_config(run, lambda config: config["data"].update(class_path="os.system"))
    assert "data names 'os.system', which would be imported" in failed(capsys, run, *DATA)
    edit_config(run, lambda config: config["data"].update(class_path="seqtoolkit.data.recall.grid"))
    assert "'seqtoolkit.data.recall.grid' is no data" in failed(capsys, run, *DATA)
    edit_config(run, lambda config: config["data"].update(class_path="seqtoolkit.data.recall.Gone"))
    assert "there is no data 'seqtoolkit.data.recall.Gone'" in failed(capsys, run, *DATA)
    (run / "config.yaml").write_text("- 1")
    assert "not a configuration that seqtoolkit wrote" in failed(capsys, run, *DATA)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--protocols decodng", "unknown protocol 'decodng': did you mean 'decoding'?"),
        (
            "--protocols decodng,x",
            "the protocols are decoding, gradient, influence, recall, truncation, timescale",
        ),
        ("--protocols ,", "unknown protocol ''"),
        (
            "--lags 1:24 --steps 24",
            "lag 24 lies beyond sequences of 24 steps; use lags up to 23, or --steps 25 or more",
        ),
        ("--lags 1,x", "expected such as 1,2,4,8 or 1:128, found 'x'"),
        ("--lags -1", "expected such as 1,2,4,8 or 1:128, found '-1'"),
        ("--lags 5:1", "names no lag"),
        ("--sequences 0", "--sequences 0: expected 1 or more"),
        ("--steps 1", "--steps 1: expected 2 or more"),
        ("--seeds 0", "--seeds 0: expected 1 or more"),
        ("--part middle", "argument --part: invalid choice: 'middle'"),
        ("--nonsense", "unrecognized arguments: --nonsense; `seqtoolkit retention --help`"),
        ("--part decoder", "a SequenceModel has no part 'decoder'"),
        (
            "--protocols truncation --sequences 20",
            "20 sequences with targets are too few for an interval; at least 30",
        ),
        (
            "--protocols gradient --sequences 20",
            "gru/best: gradient: 20 sequences are too few for an interval",
        ),
        ("--device nowhere", "--device nowhere: "),
    ],
)
def test_a_mistake_is_one_line(
    words: str, message: str, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in failed(capsys, trained, *words.split(), small=["--progress", "none"])


def test_a_place_without_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no such file; expected a checkpoint" in failed(capsys, tmp_path / "none")
    assert f"{tmp_path} holds no checkpoint; expected a run folder" in failed(capsys, tmp_path)
    (tmp_path / "x.ckpt").write_text("x")
    assert "not a checkpoint that is safe to open" in failed(capsys, tmp_path / "x.ckpt")
    assert "required: RUN_OR_CHECKPOINT" in failed(capsys)


def test_a_run_that_cannot_be_written(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(run / "probes", ignore_errors=True)
    (run / "probes").write_text("in the way")
    assert f"{run} cannot be written to" in failed(capsys, run, *DATA)
    (run / "probes").unlink()

    def refuse(self: Probes, name: str) -> int:
        raise PermissionError(13, "Permission denied", str(self.path / name))

    monkeypatch.setattr(Probes, "_open", refuse)
    line = failed(capsys, run, *DATA)
    assert "cannot be written to (Permission denied), and curves are stored there: copy the run" in line


def test_a_run_is_measured_while_it_is_trained_but_by_one_at_a_time(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training = RunFolder(run)
    training.open(create=False)
    assert measure(run, *DATA) == 0
    assert len(stored(run)) == 7
    with Probes(run).held():
        assert "is being measured by another process: wait until it ends" in failed(capsys, run, *DATA)
    assert training.owned
    training.close()
    assert not alive(run)


def test_a_checkpoint_that_is_replaced_meanwhile_is_read_again(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is measured and what its digest says are the same file."""
    file, other = run / "checkpoints" / "best.ckpt", run / "other.ckpt"
    weights = torch.load(file, weights_only=True)
    weights["state_dict"]["model.head.bias"] += 1
    torch.save(weights, other)
    expected, replaced = checkpoint.load(other), []

    def replacing(path: Path) -> checkpoint.Checkpoint:
        found = original(path)
        if not replaced or endless:
            replaced.append(path)
            shutil.copy(other, run / "new.ckpt")
            (run / "new.ckpt").replace(file)
        return found

    original, endless = checkpoint.load, False
    monkeypatch.setattr(checkpoint, "load", replacing)
    found, digest = retention_opening.load(file)
    assert torch.equal(found.model.head.bias, expected.model.head.bias)  # type: ignore[arg-type]
    assert digest == hashlib.sha256(other.read_bytes()).hexdigest()[:16]
    endless = True
    with pytest.raises(ValueError, match="is replaced faster than it can be read"):
        retention_opening.load(file)


def test_a_capacity_above_the_rank_is_one_line(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where a protocol that cannot be measured would be left out: this one says that something is wrong."""

    def impossible(*_: object) -> None:
        raise ImpossibleCapacity("a memory capacity of 9 exceeds the rank 8")

    monkeypatch.setattr(decoding_report, "memory_capacity", impossible)
    assert "gru/best: decoding: a memory capacity of 9 exceeds" in failed(capsys, run, "--no_twin")


def test_a_model_that_diverged(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    weights["state_dict"]["model.embedding.weight"] *= float("nan")
    torch.save(weights, run / "checkpoints" / "best.ckpt")
    assert "are not finite: its weights have diverged" in failed(capsys, run)


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
    assert measure(run, "--protocols", "influence", "--part", "encoder", "--no_twin") == 0
    assert measure(run, "--protocols", "truncation", "--split", "val", "--no_twin", "--lags", "1,2") == 0
    assert measure(run, "--protocols", "truncation", "--split", "val", "--part", "encoder", "--no_twin") == 0
    curves = {r.settings["part"]: r for r in stored(run) if r.protocol == "truncation"}
    assert set(curves) == {"encoder", "decoder"}
    assert curves["encoder"].unit == "nats"
    assert "trained on pairs; recall needs --data RecallData" in failed(capsys, run, "--protocols", "recall")


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


def test_lags_as_they_are_typed() -> None:
    assert parse_lags("1,2, 4", 10) == (1, 2, 4)
    assert parse_lags("4,1:3,2", 10) == (1, 2, 3, 4)
    assert parse_lags("0:8:4", 10) == (0, 4, 8)
    assert default_lags(24) == (1, 2, 3, 4, 6, 8, 12)
    assert default_lags(1000)[-3:] == (64, 96, 128)
    assert default_lags(2) == (1,)
    assert parse(["x"]).lags == default_lags(256)


def test_as_many_sequences_as_were_asked_for() -> None:
    usual, asked = parse(["x"]), parse(["x", "--sequences", "1000"])
    assert {protocol: usual.count(protocol) for protocol in retention_store.PROTOCOLS} == {
        "decoding": 512, "gradient": 256, "influence": 256, "recall": 512, "truncation": 256, "timescale": 256,
    }  # fmt: skip
    assert {asked.count(protocol) for protocol in retention_store.PROTOCOLS} == {1000}


def test_all_sequences_that_were_asked_for_are_measured(run: Path) -> None:
    some = "--steps 12 --sequences 300 --seeds 1 --lags 1,4 --progress none --no_twin".split()
    assert measure(run, "--protocols", "gradient,influence,timescale,truncation", small=some) == 0
    assert {r.protocol: r.n for r in stored(run)} == {
        "gradient": [300, 300],
        "influence": [150, 150],  # pairs
        "timescale": [300, 300],
        "truncation": [300, 300],
    }

"""`seqtoolkit compare`: every stage is done once, in order, and what it finds is stored and told."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from seqtoolkit.cli import main
from seqtoolkit.compare import jobs
from seqtoolkit.compare.jobs import Job
from seqtoolkit.runs import read_run
from tests.core.comparing import Comparing, Fake, here, submit_by


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparing:
    return Comparing(tmp_path, monkeypatch)


def test_everything_is_done_once_and_told(compare: Comparing, capsys: pytest.CaptureFixture[str]) -> None:
    fake = Fake()
    assert compare(fake, "--seeds", "3") == 0
    assert [fake.count(word) for word in ("prepare", "rates/", " test ", "decoding", "truncation", "cost")] == [
        1, 9, 9, 9, 3, 3,
    ]  # fmt: skip
    assert fake.count(" fit ") == 9 + 9
    assert all(
        "lr=0.003" in command for command in fake.commands if " fit " in command and "rates/" not in command
    )
    kinds = [
        next(word for word in ("prepare", " fit ", " test ", " retention ", "cost") if word in c)
        for c in fake.commands
    ]
    assert kinds == sorted(kinds, key=("prepare", " fit ", " test ", " retention ", "cost").index)
    found = compare.stored()
    assert (found["status"], found["measure"]["name"], found["measure"]["mode"]) == (
        "finished",
        "error_rate",
        "min",
    )
    by_name = {one["arch"]: one for one in found["architectures"]}
    assert list(by_name) == ["rnn", "lstm", "gru"]
    assert by_name["lstm"]["quality"]["estimate"] == pytest.approx(0.201)
    assert by_name["lstm"]["quality"]["examples_lower"] == pytest.approx(0.191)
    assert by_name["lstm"]["seconds"] == 2.0
    assert by_name["rnn"]["difference"]["estimate"] == pytest.approx(0.3)
    assert not by_name["rnn"]["difference"]["tied"]
    assert by_name["gru"]["difference"]["tied"]
    assert (by_name["gru"]["state_bytes"], by_name["gru"]["horizon"]["solved"]) == (64, "3/3")
    assert found["memory_need"]["estimate"] == 4
    assert by_name["lstm"]["memory"]["within_interval"] == 4
    out = capsys.readouterr().out
    assert out.startswith("architecture")
    assert found["recommendation"]["text"].split()[:2] == ["Use", "lstm."]
    again = Fake()
    assert compare(again, "--seeds", "3") == 0
    assert again.commands == []
    assert capsys.readouterr().out == out


def test_no_run_has_two_jobs_at_a_time(compare: Comparing, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process holds a run: the second would be refused."""
    stages = []

    def do_all(found: list[Job], *rest: Any) -> None:
        stages.append([job.run for job in found])
        jobs.do_all(found, *rest)

    monkeypatch.setattr("seqtoolkit.compare.command.do_all", do_all)
    assert compare(Fake(), "--seeds", "2", "--rates", "0.003", architectures="rnn,lstm") == 0
    assert [len(stage) for stage in stages if stage] == [1, 4, 4, 4, 2, 1, 1]
    assert all(len(set(stage)) == len(stage) for stage in stages)


def test_seeds_and_architectures_may_be_added(compare: Comparing) -> None:
    assert compare(Fake(), "--seeds", "1", architectures="rnn,lstm") == 0
    more = Fake()
    assert compare(more, "--seeds", "2") == 0
    assert more.count("prepare") == 1  # for gru
    assert more.count("rates/") == 3
    assert more.count(" fit ") - 3 == more.count(" test ") == 2 + 2
    assert [len(one["seeds"]) for one in compare.stored()["architectures"]] == [2, 2, 2]


def test_without_a_test_split_models_are_judged_by_validation(compare: Comparing) -> None:
    fake = Fake(split="val")
    assert compare(fake, "--seeds", "2", "--rates", "0.003") == 0
    assert (fake.count(" test "), fake.count(" validate ")) == (0, 6)
    found = compare.stored()
    assert (found["measure"]["name"], found["measure"]["split"]) == ("error_rate", "val")
    assert "There is no test split" in found["recommendation"]["text"]
    again = Fake(split="val")
    assert compare(again, "--seeds", "2", "--rates", "0.003") == 0
    assert again.commands == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_is_done(
    number: signal.Signals, compare: Comparing, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(command: str) -> str:
        if "lstm-lr0.003-seed1" in command:
            signal.raise_signal(number)
        return ""

    assert compare(Fake(stop), "--seeds", "2") == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    assert compare.stored()["status"] == "interrupted"
    rest = Fake()
    assert compare(rest, "--seeds", "2") == 0
    trained = [command.split("--run=")[1].split()[0] for command in rest.commands if " fit " in command]
    assert [Path(path).name for path in trained] == ["lstm-lr0.003-seed1", "gru-lr0.003-seed1"]


TINY = """
    --data.max_lag 4 --data.length 16 --data.num_symbols 3 --data.batch_size 16 --data.train_sequences 160
    --data.val_per_lag 12 --data.test_per_lag 12 --model.num_layers 1 --sequences 120 --seeds 1 --max_steps 6
    --trainer.val_check_interval null
""".split()


def test_truly(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the start of processes is real; and the measures are those of the runs."""
    commands = []

    def counted(command: Sequence[str], log: Path) -> Future[int]:
        commands.append(list(command))
        return here(command, log)

    submit_by(counted, monkeypatch)
    config = Path(__file__).parents[2] / "configs" / "recall.yaml"
    words = [
        "--config",
        str(config),
        "--architectures",
        "rnn,attention",
        "--rates",
        "0.003,0.01",
        "--out",
        str(tmp_path),
    ]
    assert main(["compare", *words, *TINY, "--json"]) == 0
    out = capsys.readouterr().out
    found = json.loads(out[out.rindex("\n{\n") :])
    assert found["measure"] == {"name": "recall_accuracy", "mode": "max", "unit": "accuracy", "split": "test"}
    assert found["memory_need"]["arch"] in ("rnn", "attention")
    for one in found["architectures"]:
        assert one["skipped"] == {}
        assert one["parameters"] == pytest.approx(found["settings"]["parameters"], rel=0.2)
        assert one["latency"]["lower"] <= one["latency"]["estimate"] <= one["latency"]["upper"]
        assert one["horizon"]["protocol"] == "recall"
        for seed in one["seeds"]:
            run = read_run(tmp_path / seed["run"])
            assert (run.status, run.step, run.seed, run.arch) == ("finished", 6, seed["seed"], one["arch"])
            assert run.parameters == one["parameters"]
            assert run.record["d_model"] == one["d_model"]
            assert seed["quality"]["estimate"] == run.metrics["test/recall_accuracy"]
            assert seed["quality"]["lower"] <= seed["quality"]["estimate"] <= seed["quality"]["upper"]
        for tried in one["rates"]:
            run = read_run(tmp_path / tried["run"])
            assert (run.step, tried["value"]) == (1, run.metrics["val/loss"])
            assert "test/loss" not in run.metrics
    state = {one["arch"]: one["state_bytes"] for one in found["architectures"]}
    width = {one["arch"]: one["d_model"] for one in found["architectures"]}
    assert state["rnn"] == 4 * width["rnn"]
    assert state["attention"] == 4 * 2 * width["attention"] * found["settings"]["state_steps"] + 8
    count = len(commands)
    assert main(["compare", *words, *TINY]) == 0
    assert len(commands) == count

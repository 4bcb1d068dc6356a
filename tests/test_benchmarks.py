"""The benchmarks cannot rot: every script starts, and what two of them compare is the same work."""

import argparse
import dataclasses
import importlib
import math
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
HELPERS = (
    "jobs",
    "joeynmt_ours",
    "joeynmt_peer",
    "machine",
    "naive",
    "ngram",
    "single",
    "timing",
)
SCRIPTS = sorted(
    path
    for path in BENCHMARKS.glob("*.py")
    if path.stem not in HELPERS and not path.stem.startswith(("article_", "calibration_"))
)


@pytest.fixture(autouse=True)
def _beside_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_explains_itself(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [script.name, "--help"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(str(script), run_name="__main__")
    assert f"usage: {script.name}" in capsys.readouterr().out


def test_fit_and_the_loop_written_by_hand_do_the_same_work() -> None:
    throughput = importlib.import_module("throughput")
    by_hand, by_fit = throughput.by_hand("rnn", 20), throughput.by_fit("rnn", 20, bar=True)
    assert by_fit.loss == pytest.approx(by_hand.loss, rel=1e-4)


@pytest.mark.parametrize("arch", ["lstm", "attention"])
def test_carried_state_and_re_reading_give_the_same_words(arch: str) -> None:
    measured = importlib.import_module("decoding").measure(arch, 100)
    assert measured.same == 1
    assert measured.seconds > 0


def test_joeynmt_reads_the_sentences_that_ours_are_trained_on(tmp_path: Path) -> None:
    bench = importlib.import_module("joeynmt_ours").Bench(Path("python"), tmp_path)
    for split, loader in (("train", bench.data.train_dataloader()), ("test", bench.data.test_dataloader())):
        sources, targets = (
            (tmp_path / f"{split}.{side}").read_text().splitlines() for side in ("src", "trg")
        )
        assert [source.split()[::-1] for source in sources] == [target.split() for target in targets]
        assert sum(len(target.split()) + 1 for target in targets) == sum(batch.mask.sum() for batch in loader)


def test_what_joeynmt_logs_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = importlib.import_module("joeynmt_peer")
    monkeypatch.setattr(peer, "_run", lambda *words, cwd: None)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "train.log").write_text(
        "INFO - Total params: 109248\nINFO - Model(\n\tencoder=E(LSTM(16, 64)),\n\tloss_function=XentLoss())\n"
        "Step:  10, Tokens per Sec:     1000, Lr: 0.001\n"  # starting up does not count
        "Step:  20, Tokens per Sec:     3000, Lr: 0.001\nStep:  30, Tokens per Sec:     6000, Lr: 0.001\n"
    )
    trained = peer.train(Path("python"), tmp_path, {})
    assert trained == peer.Trained(
        4000, "encoder=E(LSTM(16, 64))", 109_248
    )  # 2 n tokens in n / 3000 + n / 6000 s


def test_one_job_that_fails_does_not_lose_the_others(tmp_path: Path) -> None:
    jobs = importlib.import_module("jobs")
    some = [jobs.Job(tmp_path / name, "recall", "rnn", jobs.Budget(3, "steps")) for name in "abcde"]
    done = list[str]()

    def do(job: Any) -> str:
        if job.path.name == "b":
            raise ValueError("run.json is damaged")
        done.append(job.path.name)
        return "it diverged" if job.path.name == "c" else ""

    assert jobs.run_all(some, do) == [f"{tmp_path / 'b'}: run.json is damaged", "it diverged"]
    assert sorted(done) == ["a", "c", "d", "e"]


@pytest.mark.parametrize(
    ("status", "step", "last", "begins"),
    [
        (None, 0, False, "anew"),
        ("running", 2, True, "from last.ckpt"),
        ("running", 0, False, "anew, the folder set aside"),
        ("finished", 3, True, "not at all"),
        ("finished", 2, True, "anew, the folder set aside"),
    ],
)
def test_a_job_is_done_once_for_its_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str | None, step: int, last: bool, begins: str
) -> None:
    jobs, path = importlib.import_module("jobs"), tmp_path / "run"
    checkpoint = path / "checkpoints" / "last.ckpt"
    if status:
        checkpoint.parent.mkdir(parents=True)
    if last:
        checkpoint.touch()
    monkeypatch.setattr(jobs, "read_run", lambda _: SimpleNamespace(status=status, step=step))
    asked = list[tuple[str, ...]]()
    monkeypatch.setattr(jobs, "seqtoolkit", lambda job, *words: asked.append(words) or "")
    assert jobs.train(jobs.Job(path, "recall", "rnn", jobs.Budget(3, "steps"))) == ""
    assert len(asked) == (begins != "not at all")
    assert [words[1:3] for words in asked if last and status == "running"] == [
        ("--ckpt_path", str(checkpoint))
    ] * (begins == "from last.ckpt")
    for words in asked:
        assert words[words.index("--trainer.max_steps") + 1] == "3"
        assert ("--config" in words) == begins.startswith("anew")
    assert len(list(tmp_path.glob("run-before-*"))) == ("aside" in begins)


REPETITIONS = {  # as many as a few seconds allow
    "decoding": 30,
    "gradient": 60,
    "influence": 40,
    "timescale": 200,
    "recall": 200,
    "truncation": 100,
}


@pytest.mark.parametrize("protocol", REPETITIONS)
def test_every_protocol_reads_what_is_known(protocol: str) -> None:
    """The small form of the table: what no error of so many repetitions explains is a miss."""
    calibration = importlib.import_module("calibration")
    chosen = [each for each in calibration.systems() if each.protocol == protocol]
    rows = [
        calibration.row(each, 8 if isinstance(each, calibration.Law) else REPETITIONS[protocol])
        for each in chosen  # one broken law is enough
    ]
    assert len(rows) >= 2
    assert [cells for cells in rows if cells[-1] == "MISS"] == []


def test_a_calibration_finds_an_instrument_that_misses() -> None:
    calibration = importlib.import_module("calibration")
    known = next(one for one in calibration.systems() if one.name == "gates of 0.9 or 0.5")
    cells = calibration.row(known, 30)
    assert cells[:2] == ("gates of 0.9 or 0.5", "timescale")
    assert cells[-1] in ("pass", "within error")

    def told(change: Callable[[Any], Any], **options: str) -> str:
        def measure(seed: int) -> object:
            return change(known.measure(seed))

        return str(calibration.row(dataclasses.replace(known, measure=measure, **options), 30)[-1])

    def wider(reading: Any) -> Any:
        record = dataclasses.replace(reading.record, lower=[0.0] * 3, upper=[1.0] * 3)
        return dataclasses.replace(reading, record=record)

    assert told(lambda reading: reading) == cells[-1]
    assert told(lambda reading: dataclasses.replace(reading, truth=[0.6, 0.3, 0.07])) == "MISS"
    assert told(wider) == "within error"  # 30 repetitions cannot tell yet
    again = dataclasses.replace(known, measure=lambda seed: wider(known.measure(seed)))
    assert calibration.settled(again, 30)[4::4] == ("300", "MISS")
    assert told(wider, wide="so it is") == "pass, wide"
    assert (
        told(lambda reading: dataclasses.replace(reading, truth=[0.6, 0.3, 0.07]), wide="so it is") == "MISS"
    )
    assert calibration.row(dataclasses.replace(known, horizon=7), 30)[-1] == "MISS"
    alarmed = dataclasses.replace(known, horizon=0, forgets=True)  # as if nothing were to be kept
    assert calibration.row(alarmed, 30)[-2:] == ("100.0%", "MISS")


def test_a_law_that_is_broken_once_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    calibration = importlib.import_module("calibration")
    law = next(one for one in calibration.systems() if one.truth.startswith("capacity <="))
    assert calibration.row(law, 5)[4:] == ("5", "holds in 100.0%", "-", "-", "pass")
    broken = dataclasses.replace(law, holds=lambda seed: seed != 3)
    assert calibration.row(broken, 5)[4:] == ("5", "holds in 80.0%", "-", "-", "MISS")
    monkeypatch.setattr(calibration, "systems", lambda: [broken])
    monkeypatch.setattr(sys, "argv", ["calibration.py", "--repetitions", "5"])
    assert calibration.main() == 1
    monkeypatch.setattr(calibration, "systems", lambda: [law])
    assert calibration.main() == 0


@pytest.mark.parametrize(
    ("count", "n", "verdict"),
    [
        (368, 400, "pass"),
        (392, 400, "pass"),
        (367, 400, "within error"),
        (358, 400, "within error"),
        (357, 400, "MISS"),
        (397, 400, "within error"),
        (398, 400, "MISS"),
        (400, 400, "MISS"),
        (3_620, 4_000, "MISS"),
    ],
)
def test_a_coverage_is_judged_by_its_limits_and_the_error_of_its_repetitions(
    count: int, n: int, verdict: str
) -> None:
    calibration = importlib.import_module("calibration")
    assert calibration.judge(count, n, *calibration.COVERAGE) == verdict


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


def test_the_loop_over_lags_reads_the_same_gradient() -> None:
    retention = importlib.import_module("retention")
    options = argparse.Namespace(lags=6, steps=16, sequences=60, width=8)
    subject = retention.build(options)
    inputs = subject.inputs[:30]
    (record,) = retention.gradient(subject.view, inputs, [3], vectors=8)  # as many as features: exact
    squares = [sum(retention.backwards(subject.view, row, 3, vectors=60)) / 60 for row in inputs.split(1)]
    logs = [math.log10(square) / 2 for square in squares]
    assert sum(logs) / 30 == pytest.approx(record.estimate[0], abs=0.05)
    assert all(weight.requires_grad for weight in subject.view.model.parameters())

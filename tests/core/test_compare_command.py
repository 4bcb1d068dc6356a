"""`seqtoolkit compare`: nothing is done twice, what failed is said, and one folder holds one comparison."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seqtoolkit.cli import main
from seqtoolkit.compare import command as compare_command
from seqtoolkit.compare import cost as compare_cost
from seqtoolkit.compare import jobs as jobs
from seqtoolkit.compare import prepare as compare_prepare
from seqtoolkit.compare import store as compare_store
from seqtoolkit.compare.jobs import Job
from seqtoolkit.compare.submit import Submit
from seqtoolkit.runs import read_run
from tests.core.comparing import Fake


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "made.yaml"
    path.write_text("data: {}\n")
    return path


@pytest.fixture
def run(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that compares with a `submit` of the test."""

    def compare(submit: Submit, *words: str, architectures: str = "rnn,lstm,gru") -> int:
        @contextmanager
        def given(slots: int, threads: int) -> Iterator[Submit]:
            yield submit

        monkeypatch.setattr(compare_command, "local", given)
        asked = ["--config", str(config), "--architectures", architectures, "--out", str(tmp_path / "out")]
        return main(["compare", *asked, "--jobs", "1", *words])

    return compare


def stored(tmp_path: Path) -> dict[str, Any]:
    found = compare_store.read(tmp_path / "out")
    assert found is not None
    return found


def joined(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_everything_is_done_once_and_told(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = Fake()
    assert run(fake, "--seeds", "3") == 0
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
    found = stored(tmp_path)
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
    assert run(again, "--seeds", "3") == 0
    assert again.commands == []
    assert capsys.readouterr().out == out


def test_no_run_has_two_jobs_at_a_time(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process holds a run: the second would be refused."""
    stages = []

    def do_all(found: list[Job], *rest: Any) -> None:
        stages.append([job.run for job in found])
        jobs.do_all(found, *rest)

    monkeypatch.setattr(compare_command, "do_all", do_all)
    assert run(Fake(), "--seeds", "2", "--rates", "0.003", architectures="rnn,lstm") == 0
    assert [len(stage) for stage in stages if stage] == [1, 4, 4, 4, 2, 1, 1]
    assert all(len(set(stage)) == len(stage) for stage in stages)


def test_seeds_and_architectures_may_be_added(run: Callable[..., int], tmp_path: Path) -> None:
    assert run(Fake(), "--seeds", "1", architectures="rnn,lstm") == 0
    more = Fake()
    assert run(more, "--seeds", "2") == 0
    assert more.count("prepare") == 1  # for gru
    assert more.count("rates/") == 3
    assert more.count(" fit ") - 3 == more.count(" test ") == 2 + 2
    assert [len(one["seeds"]) for one in stored(tmp_path)["architectures"]] == [2, 2, 2]


def test_a_failed_seed_is_reported_and_trained_again_only_when_asked(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = Fake(lambda command: "ValueError: the loss is nan" if "gru-lr0.003-seed1" in command else "")
    for submit, count in ((fake, 9), (Fake(), 0)):
        assert run(submit, "--seeds", "3", "--rates", "0.003") == 1
        assert submit.count(" fit ") == count
        assert "1 of 3 trainings of gru failed (ValueError: the loss is nan" in joined(capsys)
        gru = stored(tmp_path)["architectures"][2]
        assert [seed["status"] for seed in gru["seeds"]] == ["finished", "failed", "finished"]
        assert (gru["quality"]["seeds"], gru["difference"]["pairs"]) == (2, 2)
    again = Fake()
    assert run(again, "--seeds", "3", "--rates", "0.003", "--retry") == 0
    assert again.count(" fit ") == 1
    assert list((tmp_path / "out").glob("gru-lr0.003-seed1-set-aside-*"))


def test_a_rate_that_fails_is_not_chosen(run: Callable[..., int], tmp_path: Path) -> None:
    diverges = Fake(lambda command: "ValueError: nan" if "rates/rnn-lr0.003" in command else "")
    assert run(diverges, "--seeds", "1") == 0
    rnn = stored(tmp_path)["architectures"][0]
    assert [one["status"] for one in rnn["rates"]] == ["finished", "failed", "finished"]
    assert (rnn["rate"], rnn["rate_at_edge"]) == (0.001, True)
    assert "edge of the grid for rnn (0.001)" in stored(tmp_path)["recommendation"]["text"]


def test_an_architecture_without_any_training_is_reported(run: Callable[..., int], tmp_path: Path) -> None:
    broken = Fake(
        lambda command: "ValueError: nan" if "configs/gru.yaml" in command and " fit " in command else ""
    )
    assert run(broken, "--seeds", "2") == 1
    gru = stored(tmp_path)["architectures"][2]
    assert (gru["rate"], gru["quality"]) == (None, None)
    assert {(seed["status"], seed["error"].split(" (")[0]) for seed in gru["seeds"]} == {
        ("failed", "ValueError: nan; ValueError: nan; ValueError: nan")
    }
    assert "2 of 2 trainings of gru failed" in stored(tmp_path)["recommendation"]["text"]


def test_what_cannot_be_measured_is_said_and_not_tried_again(run: Callable[..., int], tmp_path: Path) -> None:
    fake = Fake(lambda command: "no truncation of this" if "truncation" in command else "")
    assert run(fake, "--seeds", "1") == 0
    found = stored(tmp_path)
    assert found["memory_need"] is None
    assert {one["skipped"]["truncation"].split(" (")[0] for one in found["architectures"]} == {
        "no truncation of this"
    }
    assert "Not measured: truncation (no truncation of this" in found["recommendation"]["text"]
    again = Fake()
    assert run(again, "--seeds", "1") == 0
    assert again.commands == []


def test_without_a_test_split_models_are_judged_by_validation(
    run: Callable[..., int], tmp_path: Path
) -> None:
    fake = Fake(split="val")
    assert run(fake, "--seeds", "2", "--rates", "0.003") == 0
    assert (fake.count(" test "), fake.count(" validate ")) == (0, 6)
    found = stored(tmp_path)
    assert (found["measure"]["name"], found["measure"]["split"]) == ("error_rate", "val")
    assert "There is no test split" in found["recommendation"]["text"]
    again = Fake(split="val")
    assert run(again, "--seeds", "2", "--rates", "0.003") == 0
    assert again.commands == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_is_done(
    number: signal.Signals, run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(command: str) -> str:
        if "lstm-lr0.003-seed1" in command:
            signal.raise_signal(number)
        return ""

    assert run(Fake(stop), "--seeds", "2") == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    assert stored(tmp_path)["status"] == "interrupted"
    rest = Fake()
    assert run(rest, "--seeds", "2") == 0
    trained = [command.split("--run=")[1].split()[0] for command in rest.commands if " fit " in command]
    assert [Path(path).name for path in trained] == ["lstm-lr0.003-seed1", "gru-lr0.003-seed1"]


def test_another_comparison_in_the_folder_is_refused(
    run: Callable[..., int], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Fake(), "--seeds", "1") == 0
    for words, message in (
        (["--data.length", "9"], "options for fit: [], now ['--data.length', '9']"),
        (["--rates", "0.1"], "rates: None, now [0.1]"),
        (["--max_steps", "7"], "budget: "),
    ):
        capsys.readouterr()
        assert run(Fake(), "--seeds", "1", *words) == 2
        line = capsys.readouterr().err
        assert message in line
        assert "choose another folder with --out" in line
    config.write_text("data: {x: 1}\n")
    assert run(Fake(), "--seeds", "1") == 2
    assert "the configuration has changed" in capsys.readouterr().err


def test_other_data_are_refused(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake, data = Fake(), tmp_path / "data.csv"
    data.write_text("1")
    fake.files = [data]
    assert run(fake, "--seeds", "1", "--rates", "0.003") == 0
    assert run(Fake(), "--seeds", "1", "--rates", "0.003") == 0
    data.write_text("2")
    assert run(Fake(), "--seeds", "1", "--rates", "0.003") == 2
    assert f"{data} has changed" in capsys.readouterr().err
    data.unlink()  # not needed any more, and so no obstacle
    assert run(Fake(), "--seeds", "1", "--rates", "0.003") == 0


def test_two_comparisons_do_not_share_a_folder(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with compare_store.held(tmp_path / "out"):
        assert run(Fake()) == 2
    assert "is being compared by another process" in capsys.readouterr().err


def test_what_a_configuration_is_refused_for_is_said(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Fake(lambda command: "seqtoolkit compare: unknown architecture 'x'")) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("seqtoolkit compare: unknown architecture 'x'")


def test_a_measure_that_the_test_has_not(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Fake(), "--seeds", "1", "--measure", "perr:min") == 2
    assert "the test split has no 'perr'; it has error_rate, loss" in capsys.readouterr().err
    rest = Fake()
    assert run(rest, "--seeds", "1", "--measure", "loss:min") == 0
    assert rest.count(" fit ") == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--seeds x", "invalid int value: 'x'; `seqtoolkit compare --help` explains the options"),
        ("--seeds 0", "--seeds 0: expected 1 or more"),
        ("--rate_share 0", "--rate_share 0: expected more than 0"),
        ("--rates 1,x", "expected learning rates such as"),
        ("--rates ,", "expected learning rates such as"),
        ("--max_time soon", "--max_time: 'soon' is no time; expected seconds"),
        ("--max_steps 0", "--max_steps 0: expected 1 or more"),
        ("--measure per", "expected a name and what is better, such as per:min"),
        ("--architectures ,", "names none; expected such as rnn,lstm"),
        ("--config gone.yaml", "gone.yaml: no such file; expected a configuration"),
        ("--model.arch lstm", "--model.arch is set by the comparison: use --architectures"),
        ("--trainer.max_time=1", "--trainer.max_time is set by the comparison: use --max_time"),
        ("--modle.d 3", "unknown option '--modle.d'"),
        ("stray", "unknown option 'stray'"),
    ],
)
def test_bad_options(
    run: Callable[..., int], words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = Fake()
    assert run(fake, *words.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert fake.commands == []


TINY = """
    --data.max_lag 4 --data.length 16 --data.num_symbols 3 --data.batch_size 16 --data.train_sequences 160
    --data.val_per_lag 12 --data.test_per_lag 12 --model.num_layers 1 --sequences 48 --seeds 1 --max_steps 6
    --trainer.val_check_interval null
""".split()


def test_truly(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the start of processes is real; and the measures are those of the runs."""
    commands = []

    def here(command: Sequence[str], log: Path) -> Future[int]:
        commands.append(list(command))
        modules = {
            "seqtoolkit.compare.prepare": compare_prepare.main,
            "seqtoolkit.compare.cost": compare_cost.main,
        }
        done = Future[int]()
        done.set_result(modules.get(command[2], main)(list(command[3:])))
        return done

    @contextmanager
    def given(slots: int, threads: int) -> Iterator[Submit]:
        yield here

    monkeypatch.setattr(compare_command, "local", given)
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

"""Jobs of a study are each done once for their budget, and one that fails loses no other."""

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest


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


def test_a_command_that_fails_says_so_and_no_other_does(tmp_path: Path) -> None:
    """Commands that end at once, two at a time: none takes the exit status of another."""
    jobs = importlib.import_module("jobs")
    many = [jobs.Job(tmp_path / f"run{n}", "recall", "rnn", jobs.Budget(3, "steps")) for n in range(40)]

    def do(job: Any) -> str:
        return str(jobs.seqtoolkit(job, "--version" if job.path.name != "run7" else "nonsense"))

    (message,) = jobs.run_all(many, do)
    assert message.startswith(f"{tmp_path / 'run7'}: `seqtoolkit nonsense` failed ({tmp_path / 'run7.log'})")
    assert "no command 'nonsense'" in message

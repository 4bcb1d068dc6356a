"""What fails in a comparison is said, left out, and done again only when that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.comparing import Comparing, Fake


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparing:
    return Comparing(tmp_path, monkeypatch)


def test_a_failed_seed_is_reported_and_trained_again_only_when_asked(
    compare: Comparing, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = Fake(lambda command: "ValueError: the loss is nan" if "gru-lr0.003-seed1" in command else "")
    for submit, count in ((fake, 9), (Fake(), 0)):
        assert compare(submit, "--seeds", "3", "--rates", "0.003") == 1
        assert submit.count(" fit ") == count
        assert "1 of 3 trainings of gru failed (ValueError: the loss is nan" in " ".join(
            capsys.readouterr().out.split()
        )
        gru = compare.stored()["architectures"][2]
        assert [seed["status"] for seed in gru["seeds"]] == ["finished", "failed", "finished"]
        assert (gru["quality"]["seeds"], gru["difference"]["pairs"]) == (2, 2)
    again = Fake()
    assert compare(again, "--seeds", "3", "--rates", "0.003", "--retry") == 0
    assert again.count(" fit ") == 1
    assert list(compare.out.glob("gru-lr0.003-seed1-set-aside-*"))


def test_a_rate_that_fails_is_not_chosen(compare: Comparing) -> None:
    diverges = Fake(lambda command: "ValueError: nan" if "rates/rnn-lr0.003" in command else "")
    assert compare(diverges, "--seeds", "1") == 0
    rnn = compare.stored()["architectures"][0]
    assert [one["status"] for one in rnn["rates"]] == ["finished", "failed", "finished"]
    assert (rnn["rate"], rnn["rate_at_edge"]) == (0.001, True)
    assert "edge of the grid for rnn (0.001)" in compare.stored()["recommendation"]["text"]


def test_an_architecture_without_any_training_is_reported(compare: Comparing) -> None:
    broken = Fake(
        lambda command: "ValueError: nan" if "configs/gru.yaml" in command and " fit " in command else ""
    )
    assert compare(broken, "--seeds", "2") == 1
    gru = compare.stored()["architectures"][2]
    assert (gru["rate"], gru["quality"]) == (None, None)
    assert {(seed["status"], seed["error"].split(" (")[0]) for seed in gru["seeds"]} == {
        ("failed", "ValueError: nan; ValueError: nan; ValueError: nan")
    }
    assert "2 of 2 trainings of gru failed" in compare.stored()["recommendation"]["text"]


def test_what_cannot_be_measured_is_said_and_not_tried_again(compare: Comparing) -> None:
    fake = Fake(lambda command: "no truncation of this" if "truncation" in command else "")
    assert compare(fake, "--seeds", "1") == 0
    found = compare.stored()
    assert found["memory_need"] is None
    assert {one["skipped"]["truncation"].split(" (")[0] for one in found["architectures"]} == {
        "no truncation of this"
    }
    assert "Not measured: truncation (no truncation of this" in found["recommendation"]["text"]
    again = Fake()
    assert compare(again, "--seeds", "1") == 0
    assert again.commands == []


def test_a_cost_that_could_not_be_measured_is_measured_when_it_is_asked_for(compare: Comparing) -> None:
    assert compare(Fake(lambda command: "no state" if "compare.cost" in command else ""), "--seeds", "1") == 0
    said = "Not measured: time of a step (no state"
    assert said in compare.stored()["recommendation"]["text"]
    again, retried = Fake(), Fake()
    assert compare(again, "--seeds", "1") == 0
    assert again.commands == []
    assert said in compare.stored()["recommendation"]["text"]
    assert compare(retried, "--seeds", "1", "--retry") == 0
    assert len(retried.commands) == retried.count("compare.cost") == 3
    assert "Not measured" not in compare.stored()["recommendation"]["text"]

"""The benchmarks cannot rot: every script starts, and what two of them compare is the same work."""

import importlib
import runpy
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SCRIPTS = sorted(path for path in BENCHMARKS.glob("*.py") if path.stem != "machine")


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

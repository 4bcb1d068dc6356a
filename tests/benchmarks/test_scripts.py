"""The benchmarks cannot rot: every script starts and explains itself."""

import runpy
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
HELPERS = (
    "jobs",
    "joeynmt_ours",
    "joeynmt_peer",
    "machine",
    "naive",
    "ngram",
    "single",
    "speakers",
    "timing",
)
SCRIPTS = sorted(
    path
    for path in BENCHMARKS.glob("*.py")
    if path.stem not in HELPERS and not path.stem.startswith(("article_", "calibration_"))
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_explains_itself(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [script.name, "--help"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(str(script), run_name="__main__")
    assert f"usage: {script.name}" in capsys.readouterr().out

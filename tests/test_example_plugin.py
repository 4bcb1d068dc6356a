"""The example plugin, built and installed like a stranger's, is found and keeps the laws."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from seqtoolkit import checkpoint, plugins
from seqtoolkit.runs import read_run
from tests.core.commands import TINY

EXAMPLE = Path(__file__).parents[1] / "plugins" / "example"


def run(*command, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["OMP_NUM_THREADS"] = "1"
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """The python of a new environment that has the example's wheel, and sees the packages of this one."""
    folder = tmp_path_factory.mktemp("example")
    source = shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("*cache*"))
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, source, cwd=folder)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index")
    run(*pip, "--disable-pip-version-check", wheel, cwd=folder)
    ours = sysconfig.get_path("purelib")
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    return python


def test_it_is_listed_as_a_stranger(python, tmp_path):
    assert "mingru" not in plugins.names()
    rows = [line.split() for line in run(python, "-m", "seqtoolkit", "plugins", cwd=tmp_path).splitlines()]
    assert ["mingru", "seqtoolkit-mingru", "0.1.0", "mingru", "-", "ok"] in rows
    assert {row[0] for row in rows} >= {"attention", "gru", "lstm", "rnn"}


def test_its_options_are_described(python, tmp_path):
    told = run(python, "-m", "seqtoolkit", "plugins", "--name", "mingru", cwd=tmp_path)
    assert told.startswith("mingru: Minimal gated recurrent unit (Feng et al. 2024")
    assert "--model.arch_config.keep_bias  float  (default: 1.0)" in told


def test_its_own_tests_pass_there(python, tmp_path):
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    told = run(python, "-m", "pytest", "-p", "no:dash", "-p", "no:cacheprovider", "-v", cwd=tmp_path)
    assert "mingru-streaming] PASSED" in told
    assert "mingru[keep_bias=4.0]-long] PASSED" in told


def test_it_trains_there_and_is_named_here(python, tmp_path):
    words = [*TINY, "--model.arch", "mingru", "--model.arch_config.keep_bias", "2"]
    run(python, "-m", "seqtoolkit", "fit", *words, "--run", tmp_path / "run", cwd=tmp_path)
    listed = read_run(tmp_path / "run")
    assert (listed.status, listed.arch, listed.plugin) == ("finished", "mingru", "seqtoolkit-mingru 0.1.0")
    assert listed.record["arch_config"] == {"keep_bias": 2.0}
    with pytest.raises(
        ValueError, match=r"unknown architecture 'mingru'.*seqtoolkit-mingru 0\.1\.0: install"
    ):
        checkpoint.load(tmp_path / "run" / "checkpoints" / "best.ckpt")

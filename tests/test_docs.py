"""What is written is run: every command of the README, in its order, and every name it mentions."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line and not line.startswith("#")
]
SHORT = {  # what makes a command of the README a matter of seconds; the command itself stays as it is written
    "seqtoolkit fit": "--trainer.max_steps 2 --trainer.max_epochs -1 --trainer.limit_val_batches 1",
    "seqtoolkit test": "--trainer.limit_test_batches 1",
    "seqtoolkit compare": "--max_steps 2 --architectures gru --seeds 1 --rates 0.003 --sequences 120",
}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=280
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place that looks like a checkout to the commands of the README."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("configs", "benchmarks", "plugins"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def test_make_has_the_two_commands(folder: Path) -> None:
    """`make test` is what runs this; `make demo` is run by test_demo."""
    assert [c for c in COMMANDS if c.startswith("make")][:2] == ["make demo", "make test"]
    for target in ("demo", "test"):
        done = run(f"make --dry-run -C {ROOT} {target}", folder)
        assert done.returncode == 0, done.stderr
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("command", [c for c in COMMANDS if not re.match("make|seqtoolkit dashboard", c)])
def test_a_command_of_the_readme(command: str, folder: Path) -> None:
    """In order: the first trains the run that the others read."""
    more = next((words for start, words in SHORT.items() if start in command), "")
    done = run(f"{command} {more}".strip(), folder)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_python_of_the_readme(folder: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for i, block in enumerate(blocks):
        (folder / f"block{i}.py").write_text(block)
        done = run(f"{shlex.quote(sys.executable)} block{i}.py", folder)
        assert done.returncode == 0, done.stderr


def test_a_figure_is_printed_by_a_script_that_exists() -> None:
    """The results name their scripts, and the README's summary names none that has no section there."""
    results = (ROOT / "benchmarks" / "README.md").read_text()
    for script in set(re.findall(r"`(benchmarks/\w+\.py)", README + results)):
        assert (ROOT / script).is_file(), script
        assert f"`{script}" in results, f"{script} has no section in benchmarks/README.md"


def test_links_and_pictures_exist() -> None:
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text()):
            there = (ROOT / document).parent / target
            assert target.startswith("https://") or there.exists(), f"{document}: {target}"


def test_the_demo(folder: Path) -> None:
    """The whole road in small: two architectures for two seconds, then again, which uses what is there."""
    command = "python benchmarks/demo.py --runs demo --seconds 2 --architectures rnn attention"
    first = run(command, folder)
    assert first.returncode == 0, first.stderr + first.stdout
    rows = [line.split("  ")[0] for line in first.stdout.splitlines()]
    assert {"architecture", "rnn", "attention"} <= set(rows)
    again = run(command, folder)
    assert again.returncode == 0
    assert again.stdout.count("used again") == 4
    shutil.rmtree(folder / "demo")

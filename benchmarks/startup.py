"""How long a glance takes: commands that must answer before a hand leaves the keyboard.

Each command is a new process, all of them in turn; `runs` reads folders made for the purpose.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import machine

from seqtoolkit.run_folder import RunFolder

BARE = "python -c pass"  # what any Python program costs


def main() -> None:
    """Time the commands in turn, and print medians."""
    parser = machine.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--folders", type=int, default=200, help="run folders to list")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(Path(folder), options.folders)
        turns = [{name: _seconds(words) for name, words in commands.items()} for _ in range(options.repeats)]
    rows = [_row(name, [turn[name] for turn in turns], [turn[BARE] for turn in turns]) for name in commands]
    print(machine.markdown(("command", "median, s", "min", "max", f"times `{BARE}`"), rows))
    print(f"\n{options.repeats} repeats, files in the system's cache. {machine.describe()}.")


def _commands(folder: Path, count: int) -> dict[str, list[str]]:
    """Return the commands by what they are called in the table, and make the runs that one of them lists."""
    for number in range(count):
        run = RunFolder(folder / f"run-{number:03}")
        run.open(create=True)
        run.update(arch="lstm", task="g2p", status="finished", metrics={"test/per": 0.1})
        run.close()
    seqtoolkit = [sys.executable, "-m", "seqtoolkit"]
    return {
        BARE: [sys.executable, "-c", "pass"],
        "seqtoolkit --version": [*seqtoolkit, "--version"],
        "seqtoolkit plugins --names": [*seqtoolkit, "plugins", "--names"],
        f"seqtoolkit runs ({count} folders)": [*seqtoolkit, "runs", str(folder)],
        "seqtoolkit plugins (imports torch)": [*seqtoolkit, "plugins"],
    }


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _row(name: str, seconds: list[float], bare: list[float]) -> tuple[str, ...]:
    shown = [f"{value:.3f}" for value in (median(seconds), min(seconds), max(seconds))]
    return name, *shown, f"{median(seconds) / median(bare):.1f}"


if __name__ == "__main__":
    main()

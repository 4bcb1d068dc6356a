"""What the benchmarks share: quiet threads, options, a Markdown table, a line about the machine.

Import it before torch: OpenMP reads how its threads should wait when it is loaded.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `seqtoolkit` does: see seqtoolkit.cli

ARCHITECTURES = ("rnn", "lstm", "gru", "attention")


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that prints the docstring of a script as it stands, and each option's default."""
    first, _, rest = (description or "").partition("\n")
    return argparse.ArgumentParser(
        description=first, epilog=rest.strip(), formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )


def describe(threads: int | None = None) -> str:
    """Name the processor, its cores, the threads in use, and how busy others kept it."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(": ")[2] for line in info.splitlines() if line.startswith("model name")]
    used = "" if threads is None else f", {threads} threads used"
    name = names[0] if names else platform.processor()
    return f"{name}, {os.cpu_count()} cores{used}, load average {os.getloadavg()[0]:.1f}"


def reset_peak() -> float:
    """Let the peak of this process begin anew (Linux), and return the MiB it holds."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(name: str) -> float:
    """Return what the system counts under this name for this process, in MiB: VmRSS (held), VmHWM (its peak)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table: the first column to the left, the others to the right."""
    ruler = [":---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ruler, *rows))

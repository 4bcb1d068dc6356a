"""What opening a checkpoint costs before it is read: its imports."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.test_checkpoint import content, write


@pytest.mark.parametrize("arch", ["rnn", "lstm", "gru", "attention"])
def test_opening_needs_no_compiler(tmp_path: Path, arch: str) -> None:
    """It takes seconds to import, and torch does so where weights without memory are drawn."""
    path = write(tmp_path / "a.ckpt", content(arch))
    says = "import sys; from seqtoolkit.checkpoint import load; load(sys.argv[1]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", says, str(path)], capture_output=True, text=True, check=True)
    assert "torch" in done.stdout.split()
    assert "torch._dynamo" not in done.stdout.split()

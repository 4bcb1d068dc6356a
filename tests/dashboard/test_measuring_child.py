"""The process that measures is seqtoolkit, and never lives longer than the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.dashboard.measuring_asked import FAST


def test_the_child_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    script = f"""
import sys, time
from pathlib import Path
from seqtoolkit_dashboard import measuring
child = "import os, threading, time; from seqtoolkit_dashboard.child import _end_with_parent as end;"
child += "threading.Thread(target=end, daemon=True).start(); os.write(2, str(os.getpid()).encode()); time.sleep(60)"
measuring.COMMAND = (sys.executable, "-c", child)
one = measuring.Measuring()
one.start("x", Path({str(tmp_path)!r}))
while not one.progress().line: time.sleep(0.02)
print(one.progress().line, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        child = int(server.stdout.readline())
        server.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + FAST
    while time.monotonic() < deadline and _runs(child):
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_the_child_is_seqtoolkit() -> None:
    words = [sys.executable, "-m", "seqtoolkit_dashboard.child", "--version"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.read().startswith("seqtoolkit ")
        assert child.wait() == 0

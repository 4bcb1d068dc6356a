"""What is measured of a run is written by several processes at once, and nothing of it is lost."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from seqtoolkit.probes import Probes
from seqtoolkit.runs import alive, read_probe

WRITES = 20
MANY = f"""
import sys
from pathlib import Path
from seqtoolkit.probes import Probes
for number in range({WRITES}):
    Probes(Path(sys.argv[1])).write(Path("best.ckpt"), f"{{sys.argv[2]}}-{{number}}.json", {{"number": number}})
"""


def test_the_manifest_has_what_every_process_wrote(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", MANY, str(tmp_path), name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    for number in range(WRITES):
        assert read_probe(tmp_path, "best", f"a-{number}.json") == {"number": number}
        assert read_probe(tmp_path, "best", f"b-{number}.json") == {"number": number}


def test_one_measurer_at_a_time_and_the_run_is_not_held(tmp_path: Path) -> None:
    (tmp_path / "run.lock").touch()
    with Probes(tmp_path).held():
        with pytest.raises(ValueError, match="is being measured by another process"), Probes(tmp_path).held():
            pass
        assert not alive(tmp_path)
        Probes(tmp_path).write(Path("last.ckpt"), "one.json", {})  # a test writes meanwhile
    with Probes(tmp_path).held():
        pass


def test_a_change_is_made_alone_and_may_have_several_steps(tmp_path: Path) -> None:
    probes = Probes(tmp_path)
    with probes.writing():
        probes.write(Path("best.ckpt"), "one.json", {"a": 1})
        with (tmp_path / "probes" / "writing.lock").open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (tmp_path / "probes" / "writing.lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert read_probe(tmp_path, "best", "one.json") == {"a": 1}

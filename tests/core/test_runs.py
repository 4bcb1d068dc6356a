"""A run folder survives crashes, full disks and strangers; readers trust nothing."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit.files import read_json, write_atomically, write_json
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import list_runs, read_metrics, read_probe, read_run


def finished(path: Path) -> RunFolder:
    folder = RunFolder(path)
    folder.open(create=True)
    folder.update(status="finished", arch="lstm", task="g2p", parameters=5, metrics={"val/loss": 0.5})
    return folder


def test_round_trip(tmp_path: Path) -> None:
    folder = finished(tmp_path / "a")
    folder.log(10, 0, {"train/loss": 1.0})
    folder.log(20, 1, {"train/loss": 0.5})
    folder.log(20, 1, {"val/loss": 0.4})
    folder.close()
    run = read_run(tmp_path / "a")
    assert (run.id, run.status, run.arch, run.parameters, run.metrics) == (
        "a",
        "finished",
        "lstm",
        5,
        {"val/loss": 0.5},
    )
    rows = [{name: value for name, value in row.items() if name != "time"} for row in read_metrics(run.path)]
    assert rows == [
        {"step": 10, "epoch": 0, "train/loss": 1.0},
        {"step": 20, "epoch": 1, "train/loss": 0.5, "val/loss": 0.4},
    ]


def test_two_runs_into_one_folder(tmp_path: Path) -> None:
    folder = finished(tmp_path / "a")
    for create in (True, False):
        with pytest.raises(ValueError, match="in use by another process"):
            RunFolder(tmp_path / "a").open(create=create)
    folder.close()
    with pytest.raises(ValueError, match="holds a run already: choose another folder with --run"):
        RunFolder(tmp_path / "a").open(create=True)
    again = RunFolder(tmp_path / "a")
    again.open(create=False)
    assert again.record["arch"] == "lstm"
    again.close()
    with pytest.raises(ValueError, match="holds no run"):
        RunFolder(tmp_path / "b").open(create=False)


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(0, 200))
def test_a_torn_line_loses_only_itself(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("torn")
    folder = finished(path / "a")
    for step in range(4):
        folder.log(step, 0, {"train/loss": 1.0})
    folder.close()
    log = path / "a" / "metrics.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole[: max(0, len(whole) - cut)])
    kept = {row["step"] for row in read_metrics(path / "a")}
    resumed = RunFolder(path / "a")
    resumed.open(create=False)
    resumed.log(9, 0, {"train/loss": 2.0})
    resumed.close()
    assert {row["step"] for row in read_metrics(path / "a")} == kept | {9}
    complete = whole[: len(whole) - cut].count(b"\n") if cut < len(whole) else 0
    assert len(kept) >= complete


def test_a_killed_process_is_noticed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from seqtoolkit.run_folder import RunFolder\n"
        "f = RunFolder(Path(sys.argv[1])); f.open(create=True); f.update(status='running')\n"
        "f.log(1, 0, {'train/loss': 1.0}); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    assert read_run(tmp_path / "a").status == "running"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert read_run(tmp_path / "a").status == "crashed"
    assert read_metrics(tmp_path / "a")[0]["train/loss"] == 1.0


def test_a_silent_process_is_stale(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a")
    folder.open(create=True)
    folder.update(status="running")
    write_json(tmp_path / "a" / "run.json", {**folder.record, "updated": time.time() - 1000})
    assert read_run(tmp_path / "a").status == "stale"
    folder.close()


def test_a_full_disk_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_json(path, {"old": 1})

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    write = f"write_atomically(Path({str(path)!r}), b'x' * 99999)"
    code = f"from pathlib import Path; from seqtoolkit.files import write_atomically; {write}"
    done = subprocess.run([sys.executable, "-c", code], preexec_fn=limit, capture_output=True, text=True)
    assert "OSError" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]
    assert read_json(path) == {"old": 1}


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe", json.dumps({"schema": 2}).encode(), b'{"schema": 1}'],
)
def test_a_foreign_run_json_is_unreadable_never_fatal(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run.json").write_bytes(data)
    runs = list_runs(tmp_path)
    assert [run.status for run in runs] == ["unreadable"]


def test_types_are_not_trusted(tmp_path: Path) -> None:
    record: dict[str, Any] = {
        "schema": 1,
        "status": "finished",
        "arch": 5,
        "parameters": "many",
        "created": True,
    }
    (tmp_path / "a").mkdir()
    metrics = {"a": "x", "b": 1.0, "c": float("nan"), "d": 10**400, "e": 1 << 63, "f": True}
    text = json.dumps({**record, "metrics": metrics})
    (tmp_path / "a" / "run.json").write_text(text)
    run = read_run(tmp_path / "a")
    assert (run.arch, run.parameters, run.created, run.metrics) == ("", None, None, {"b": 1.0})
    for time_ in (1e300, -1, 10**400):
        (tmp_path / "a" / "run.json").write_text(json.dumps({**record, "created": time_, "seed": 10**30}))
        assert (read_run(tmp_path / "a").created, read_run(tmp_path / "a").seed) == (None, None)


def test_a_probe_counts_only_with_its_manifest(tmp_path: Path) -> None:
    folder = finished(tmp_path / "a")
    probes = tmp_path / "a" / "probes" / "best"
    probes.mkdir(parents=True)
    write_json(probes / "retention.json", {"records": []})
    assert read_probe(tmp_path / "a", "best") is None
    folder.write_probe(Path("best.ckpt"), "retention.json", {"records": [1]})
    assert read_probe(tmp_path / "a", "best") == {"records": [1]}
    folder.close()


def test_a_run_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="file"):
        RunFolder(tmp_path / "file" / "run").open(create=True)


def test_without_torch() -> None:
    modules = "seqtoolkit.runs, seqtoolkit.run_folder, seqtoolkit.retention.record"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "False"


def test_atomic_write_replaces(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"1")
    write_atomically(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"2"

"""The index lists whatever is on disk, says what is wrong with it, and never leaves the folder."""

import json
import os
import time
from pathlib import Path

import pytest
from seqtoolkit_dashboard import runs
from seqtoolkit_dashboard.cache import FileCache
from seqtoolkit_dashboard.runs import RunIndex, note

import seqtoolkit.runs
from tests.dashboard.retention_folders import recall_record, write_probe
from tests.dashboard.run_folders import log_line, write_run


def test_every_kind_of_run_is_listed(runs_dir: Path) -> None:
    status = {run.id: run.status for run in RunIndex(runs_dir).runs()}
    assert status == {
        "g2p-training": "running", "recall-rnn": "finished", "recall-lstm": "finished", "recall-gru": "finished",
        "recall-attention": "finished", "g2p-lstm-seed2": "finished", "g2p-crashed": "crashed",
        "minlstm-trial": "finished", "half-copied": "unreadable", "pairs-plain": "finished",
        "pairs-additive": "finished",
    }  # fmt: skip
    assert next(iter(status)) == "g2p-training"  # the newest first


def test_notes_say_what_is_wrong(runs_dir: Path) -> None:
    (runs_dir / "no-status").mkdir()
    (runs_dir / "no-status" / "run.json").write_text('{"schema": 1}')
    notes = {run.id: note(run) for run in RunIndex(runs_dir).runs()}
    assert "loss is NaN at step 412" in notes["g2p-crashed"]
    assert (
        "need the plugin seqtoolkit-minlstm 0.3.0 (for minlstm), which is not installed"
        in notes["minlstm-trial"]
    )
    assert notes["half-copied"].startswith("half-copied/run.json: not valid JSON")
    assert notes["no-status"].startswith("no-status/run.json: its status is None, expected 'running', ")
    assert notes["recall-lstm"] == ""


def test_a_dead_process_is_noticed(runs_dir: Path) -> None:
    index = RunIndex(runs_dir)
    folder = write_run(runs_dir, "dies", status="running")
    assert index.select(["dies"]).runs[0].status == "running"
    before = index.version(index.runs())
    folder.close()
    assert index.select(["dies"]).runs[0].status == "crashed"
    assert index.version(index.runs()) != before


def test_a_folder_without_permission_is_listed(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.is_file

    def denied(path: Path) -> bool:
        if path.parent.name == "recall-rnn":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    def read(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", denied)
    monkeypatch.setattr(seqtoolkit.runs, "read_json", read)
    found = {run.id: run for run in RunIndex(runs_dir).runs()}
    assert found["recall-rnn"].status == "unreadable"
    assert "Permission denied: 'recall-rnn/run.json'" in note(found["recall-rnn"])


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "runs", tmp_path / "outside"
    root.mkdir()
    other = write_run(outside, "secret")
    write_probe(other, recall_record("lstm"))
    (outside / "secret" / "checkpoints").mkdir()
    (outside / "secret" / "checkpoints" / "best.ckpt").touch()
    other.close()
    (root / "linked").symlink_to(outside / "secret")
    own = write_run(root, "own")
    own.close()
    (own.path / "metrics.jsonl").unlink()
    for name in ("metrics.jsonl", "probes", "checkpoints"):
        (own.path / name).symlink_to(outside / "secret" / name)
    index = RunIndex(root)
    (run,) = index.runs()
    assert (run.id, index.series(run), index.probed(run), index.checkpoints(run)) == ("own", {}, [], [])
    assert index.records(run, "best") == []


@pytest.mark.parametrize("hostile", ["../outside", "/etc", "..", "", "a/b", "own/../own", "\0", "x" * 5000])
def test_ids_are_looked_up_never_joined(tmp_path: Path, hostile: str) -> None:
    write_run(tmp_path / "outside", "x").close()
    own = write_run(tmp_path / "runs", "own")
    own.close()
    index = RunIndex(tmp_path / "runs")
    assert index.select([hostile]).runs == []
    assert index.select([hostile]).unknown == [hostile]
    run = index.runs()[0]
    assert index.checkpoint(run, hostile) is None
    assert index.records(run, hostile) == []


def test_without_a_choice_the_newest_of_each_architecture_on_one_task(runs_dir: Path) -> None:
    index = RunIndex(runs_dir)
    assert [run.id for run in index.select([]).runs] == [
        "g2p-training", "g2p-crashed", "g2p-lstm-seed2", "minlstm-trial",
    ]  # fmt: skip
    probed = index.select([], lambda run: bool(index.probed(run)))
    assert [run.id for run in probed.runs] == ["recall-attention", "recall-gru", "recall-lstm", "recall-rnn"]


def test_metrics_grow_and_torn_lines_are_ignored(runs_dir: Path) -> None:
    index = RunIndex(runs_dir)
    (run,) = index.select(["g2p-training"]).runs
    steps, _ = index.series(run)["train/loss"]
    log_line(run.path, step=2000, **{"train/loss": 0.1, "new/metric": 3.0})
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2025, "train/lo')
    after = index.series(run)
    assert after["new/metric"] == ([2000], [3.0])
    assert after["train/loss"][0] == [*steps, 2000]


def test_records_that_cannot_be_understood_say_so(runs_dir: Path) -> None:
    index = RunIndex(runs_dir)
    (run,) = index.select(["recall-lstm"]).runs
    file = run.path / "probes" / "best" / "retention.json"
    assert index.records(run, "best")[0].protocol == "recall"
    for content, reason in [
        ("{", "not valid JSON"),
        ('{"schema": 2}', "expected schema 1"),
        ("[]", "JSON object"),
    ]:
        file.write_text(content)
        os.utime(file.with_name("manifest.json"), ns=(time.time_ns(), time.time_ns()))
        with pytest.raises(ValueError, match=reason):
            index.records(run, "best")
    file.write_text(json.dumps({"schema": 1, "records": [{"protocol": "recall"}]}))
    with pytest.raises(ValueError, match="lags"):
        index.records(run, "best")


def test_a_curve_is_drawn_in_order_of_lag(runs_dir: Path) -> None:
    folder = write_run(runs_dir, "mixed", task="recall")
    write_probe(folder, recall_record("lstm", lags=[8, 2, 4], **{
        name: [0.8, 0.2, 0.4] for name in ("estimate", "lower", "upper", "null")}, n=[1, 2, 3]))  # fmt: skip
    folder.close()
    index = RunIndex(runs_dir)
    (record,) = index.records(index.select(["mixed"]).runs[0], "best")
    assert (record.lags, record.estimate, record.n) == ([2, 4, 8], [0.2, 0.4, 0.8], [2, 3, 1])


def test_unchanged_runs_are_not_read_again(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index, read = RunIndex(runs_dir), []
    index.runs()
    monkeypatch.setattr(
        runs, "read_run", lambda path: read.append(path.name) or seqtoolkit.runs.read_run(path)
    )
    index.runs()
    assert read == ["g2p-training"]


def test_the_folder_may_vanish(tmp_path: Path) -> None:
    assert RunIndex(tmp_path / "gone").runs() == []


def test_a_cache_forgets_the_oldest_and_no_errors(tmp_path: Path) -> None:
    files = [tmp_path / name for name in "abc"]
    reads: list[Path] = []
    cache = FileCache(lambda path: reads.append(path) or path.read_text(), limit=2)  # type: ignore[func-returns-value]
    for file in files:
        with pytest.raises(FileNotFoundError):
            cache(file)
        file.write_text(file.name)
    reads.clear()
    assert [cache(file) for file in [*files, files[2], files[1], files[0]]] == ["a", "b", "c", "c", "b", "a"]
    assert reads == [*files, files[0]]


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({}, "lstm"),
        ({"encoder": None, "attention": None}, "lstm"),
        ({"encoder": "gru", "attention": "additive"}, "gru → lstm · additive"),
        ({"encoder": "gru", "attention": None}, "gru → lstm · none"),
        ({"encoder": 3, "attention": ["dot"]}, "lstm"),  # nothing that is read is trusted
    ],
)
def test_a_label_names_encoder_decoder_and_attention(
    tmp_path: Path, fields: dict[str, object], label: str
) -> None:
    write_run(tmp_path, "one", "lstm", **fields).close()
    assert RunIndex(tmp_path).runs()[0].label == label

"""A checkpoint is opened to be measured: while its run is trained, by one process at a time, as one whole file."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
import torch

from seqtoolkit import checkpoint, retention_opening
from seqtoolkit.probes import Probes
from seqtoolkit.run_folder import RunFolder
from seqtoolkit.runs import alive
from tests.core.measuring import DATA, failed, measure, stored


def test_a_place_without_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no such file; expected a checkpoint" in failed(capsys, tmp_path / "none")
    assert f"{tmp_path} holds no checkpoint; expected a run folder" in failed(capsys, tmp_path)
    (tmp_path / "x.ckpt").write_text("x")
    assert "not a checkpoint that is safe to open" in failed(capsys, tmp_path / "x.ckpt")
    assert "required: RUN_OR_CHECKPOINT" in failed(capsys)


def test_a_run_that_cannot_be_written(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(run / "probes", ignore_errors=True)
    (run / "probes").write_text("in the way")
    assert f"{run} cannot be written to" in failed(capsys, run, *DATA)
    (run / "probes").unlink()

    def refuse(self: Probes, name: str) -> int:
        raise PermissionError(13, "Permission denied", str(self.path / name))

    monkeypatch.setattr(Probes, "_open", refuse)
    line = failed(capsys, run, *DATA)
    assert "cannot be written to (Permission denied), and curves are stored there: copy the run" in line


def test_a_run_is_measured_while_it_is_trained_but_by_one_at_a_time(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training = RunFolder(run)
    training.open(create=False)
    assert measure(run, *DATA) == 0
    assert len(stored(run)) == 7
    with Probes(run).held():
        assert "is being measured by another process: wait until it ends" in failed(capsys, run, *DATA)
    assert training.owned
    training.close()
    assert not alive(run)


def test_a_checkpoint_that_is_replaced_meanwhile_is_read_again(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is measured and what its digest says are the same file."""
    file, other = run / "checkpoints" / "best.ckpt", run / "other.ckpt"
    weights = torch.load(file, weights_only=True)
    weights["state_dict"]["model.head.bias"] += 1
    torch.save(weights, other)
    expected, replaced = checkpoint.load(other), []

    def replacing(path: Path) -> checkpoint.Checkpoint:
        found = original(path)
        if not replaced or endless:
            replaced.append(path)
            shutil.copy(other, run / "new.ckpt")
            (run / "new.ckpt").replace(file)
        return found

    original, endless = checkpoint.load, False
    monkeypatch.setattr(checkpoint, "load", replacing)
    found, digest = retention_opening.load(file)
    assert torch.equal(found.model.head.bias, expected.model.head.bias)  # type: ignore[arg-type]
    assert digest == hashlib.sha256(other.read_bytes()).hexdigest()[:16]
    endless = True
    with pytest.raises(ValueError, match="is replaced faster than it can be read"):
        retention_opening.load(file)

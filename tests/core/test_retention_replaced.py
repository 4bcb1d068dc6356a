"""Curves of a checkpoint that has been replaced are not kept beside those of the new one, whoever writes these."""

from __future__ import annotations

from pathlib import Path

from seqtoolkit import retention_store
from seqtoolkit.probes import digest_of, outdated
from seqtoolkit.retention.record import Record
from seqtoolkit.run_folder import RunFolder


def record(protocol: str, **settings: object) -> Record:
    column = [0.5, 0.25]
    return Record(
        protocol, "rho2", [1, 2], column, column, column, [0.0, 0.0], [40, 40], seed=0, settings=settings
    )


def test_an_evaluation_does_not_make_curves_of_a_replaced_checkpoint_look_new(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.open(create=True)
    file = folder.path / "checkpoints" / "best.ckpt"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"first")
    old = record("decoding", asked={"checkpoint": digest_of(file)})
    retention_store.write(folder, file, 60, [old], digest=digest_of(file))
    retention_store.write(folder, file, 60, [record("recall")], "test")
    assert [one.protocol for one in retention_store.read(folder.path, "best")] == ["decoding", "recall"]
    file.write_bytes(b"another of the same step")
    retention_store.write(folder, file, 60, [record("recall")], "test")
    assert not outdated(folder.path, "best", retention_store.NAME)
    assert [one.protocol for one in retention_store.read(folder.path, "best")] == ["recall"]
    folder.close()

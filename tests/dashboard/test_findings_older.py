"""Findings of a checkpoint that has been replaced are said to be of an older one, also beside curves of the new one."""

from __future__ import annotations

from pathlib import Path

from dash import Dash
from seqtoolkit_dashboard import ids

from seqtoolkit.run_folder import RunFolder
from tests.dashboard.client import call, texts
from tests.dashboard.retention_folders import findings, protocol_records, write_findings, write_probe


def told(app: Dash) -> str:
    drawn = call(app, ids.FINDINGS, "url.search", url__search="?run=recall-lstm", scheme__data="light")
    return " ".join(texts(drawn[ids.FINDINGS]["children"]))


def test_findings_of_a_replaced_checkpoint_are_said_to_be_older(app: Dash, runs_dir: Path) -> None:
    folder = RunFolder(runs_dir / "recall-lstm")
    file = folder.path / "checkpoints" / "best.ckpt"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"first")
    write_probe(folder, *protocol_records("lstm"))
    write_findings(folder, *findings())
    assert "of an older best.ckpt" not in told(app)
    file.write_bytes(b"the second")
    write_probe(folder, *protocol_records("lstm"), step=3000)  # what `test` writes of the new one
    assert "best: 3 findings of an older best.ckpt" in told(app)

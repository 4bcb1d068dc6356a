"""What is said where no horizons are drawn: that none were recorded, or that others were than those chosen."""

from __future__ import annotations

from pathlib import Path

from dash import Dash
from seqtoolkit_dashboard import ids

from tests.dashboard.client import call, texts
from tests.dashboard.retention_folders import log_horizons
from tests.dashboard.run_folders import write_run


def said(app: Dash, search: str) -> str:
    drawn = call(app, ids.FORMING_GRAPH, "url.search", url__search=search, scheme__data="light")
    assert drawn[ids.FORMING_FRAME]["hidden"] is True
    return " ".join(texts(drawn[ids.FORMING_EMPTY]["children"]))


def test_protocols_that_were_not_recorded_are_no_lack_of_all(app: Dash, runs_dir: Path) -> None:
    folder = write_run(runs_dir, "forming", "lstm", task="recall")
    log_horizons(folder, 200)
    folder.close()
    hidden = said(app, "?run=forming&protocol=truncation")
    assert "have recorded gradient, influence, and none of the protocols that are chosen" in hidden
    assert "No selected run has recorded its horizons" in said(app, "?run=recall-gru&protocol=truncation")

"""The choice between what is typed and drawn symbols is not offered where numbers are read, nor while a page opens."""

from __future__ import annotations

from pathlib import Path

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.pages import gates
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View

from seqtoolkit.run_folder import RunFolder
from tests.dashboard.data_folders import recall_data, series_data, write_data


def offers_samples(runs_dir: Path) -> bool:
    page = gates.layout(RunIndex(runs_dir), View(look="recall-lstm"))
    (choice,) = (part for part in page._traverse() if getattr(part, "id", None) == ids.GATES_SAMPLE)
    return choice.display != "none"


def test_nothing_is_drawn_for_a_model_of_numbers(runs_dir: Path) -> None:
    folder = RunFolder(runs_dir / "recall-lstm")
    write_data(folder, recall_data())
    assert offers_samples(runs_dir)
    write_data(folder, series_data())
    assert not offers_samples(runs_dir)

"""The numbers of the Gates page as a file: as drawn, with what was read, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from dash import Dash
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.pages import gates_csv

from seqtoolkit.checkpoint import load
from seqtoolkit.gates_inspection import GatesInspection, Layer, inspect_gates
from tests.dashboard.client import draw_gates as draw
from tests.dashboard.client import texts


def csv_of(app: Dash, search: str) -> tuple[int, list[list[str]]]:
    answer = app.server.test_client().get(f"/gates.csv{search}")
    return answer.status_code, list(csv.reader(io.StringIO(answer.get_data(as_text=True))))


def test_the_link_below_the_maps_leads_to_their_numbers(app: Dash, opened: Path) -> None:
    shown = draw(app, "?look=recall-lstm&text=phone&layer=2")[ids.GATES_RESULT]
    (href,) = [text for text in texts(shown) if text.startswith("/gates.csv")]
    status, (head, *rows) = csv_of(app, href.removeprefix("/gates.csv"))
    assert status == 200
    assert head == ["layer", "map", "unit", "time_constant", "step", "input", "value"]
    seen = inspect_gates(load(opened / "recall-lstm" / "checkpoints" / "best.ckpt"), "phone").layers[1]
    assert len(rows) == sum(values.size for values in seen.maps.values())
    (row,) = [row for row in rows if row[1:3] == ["cell", "5"] and row[4] == "3"]
    assert row[0] == "2"
    assert row[5] == "o"
    assert float(row[6]) == pytest.approx(float(seen.maps["cell"][4, 2]), rel=1e-4)


def test_the_numbers_of_a_series_have_what_was_read(app: Dash, numbers_opened: Path) -> None:
    status, (head, *rows) = csv_of(app, "?look=recall-lstm&text=val+1")
    assert status == 200
    assert head[5:] == ["heat", "load", "value"]
    heat, load = map(float, rows[0][5:7])
    assert 280 < heat < 320
    assert 8 < load < 12


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("?look=gone", "No run named 'gone'"),
        ("?look=recall-attention", "no gates"),
        ("?look=recall-lstm&text=%C3%A9", "'é'"),
    ],
)
def test_numbers_that_are_not_there_are_refused(app: Dash, opened: Path, search: str, message: str) -> None:
    status, rows = csv_of(app, search)
    assert status == 404
    assert any(message in cell for row in rows for cell in row)


def test_symbols_that_a_spreadsheet_would_run_are_quoted() -> None:
    layer = Layer(1, {"cell": np.zeros((1, 2), np.float32)}, None)
    lines = gates_csv.numbers(GatesInspection(["=1", "a"], [layer], both_ways=False), layer).splitlines()
    assert lines[1:] == ["1,cell,1,,1,'=1,0.0", "1,cell,1,,2,a,0.0"]

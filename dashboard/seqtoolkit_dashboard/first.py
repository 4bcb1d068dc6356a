"""What stands in the first response, before any script has run: the frame of the page, and the list of runs.

The interactive page is drawn behind it and takes its place when it is ready (see assets/dashboard.js), so that a
browser shows the runs at once, and shows them still where scripts are off.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from seqtoolkit.runs import Run
from seqtoolkit_dashboard.pages import parts, run_table
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View

MAX_ROWS = 200  # more than a screen shows; the interactive table has them all


def first_page(index: RunIndex, pages: Sequence[Page]) -> tuple[str, str]:
    """Return the title, and the HTML that shows the page of the current request; every text in it is escaped."""
    path, view = request.path, View.parse(request.query_string.decode("ascii", "replace"))
    page = next((page for page in pages if page.path == path), None)
    runs = index.runs() if path == "/" else None
    values = {"pages": pages, "page": page, "path": path, "query": view.search(), "view": view}
    html = _template().render(**values, table=None if runs is None else _table(runs, view))
    return f"{page.title if page else 'Not found'} · seqtoolkit", html


def _table(runs: Sequence[Run], view: View) -> dict[str, Any]:
    """Return what the list shows: the runs that a search finds, with those of the view ticked."""
    columns, words = run_table.columns(runs), view.q.lower().split()
    rows = run_table.rows(runs)
    found = [row for row in rows if all(word in _searched(row, columns) for word in words)] if words else rows
    return {
        "columns": columns,
        "rows": found[:MAX_ROWS],
        "more": len(found) - MAX_ROWS,
        "count": run_table.count(runs),
        "unknown": parts.unknown_runs([name for name in view.run if name not in {run.id for run in runs}]),
        "width": 50 + sum(column.width for column in columns),
    }


def _searched(row: dict[str, Any], columns: Sequence[run_table.Column]) -> str:
    return " ".join(column.text(row) for column in columns).lower()


@functools.cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("first.html")

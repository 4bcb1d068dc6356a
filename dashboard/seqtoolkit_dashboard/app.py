"""The application: one factory, explicit pages, nothing happens at import."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from dash import Dash

from seqtoolkit_dashboard import shell
from seqtoolkit_dashboard.first import first_page
from seqtoolkit_dashboard.pages import (
    alignment,
    attention,
    compare,
    data,
    gates,
    length,
    memory,
    quality,
    runs,
    training,
)
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.security import secure

PAGES = (
    runs.PAGE,
    data.PAGE,
    training.PAGE,
    quality.PAGE,
    compare.PAGE,
    attention.PAGE,
    alignment.PAGE,
    memory.PAGE,
    gates.PAGE,
    length.PAGE,
)


class _Application(Dash):
    """A Dash application whose first response already shows the page."""

    def __init__(self, index: RunIndex, *args: Any, **options: Any) -> None:
        self._index = index
        super().__init__(*args, **options)

    def interpolate_index(self, *_: Any, **parts: Any) -> str:
        """Fill in the index page, anew for each request; its scripts wait until it is drawn, and keep their order."""
        title, first = first_page(self._index, PAGES)
        parts |= {"title": escape(title), "app_entry": first + parts["app_entry"]}
        parts["scripts"] = parts["scripts"].replace("<script src=", "<script defer src=")
        parts["renderer"] = parts["renderer"].replace('type="application/javascript"', 'type="module"')
        return str(super().interpolate_index(**parts))  # type: ignore[no-untyped-call]


def create_app(runs_dir: Path) -> Dash:
    """Return the dashboard of a folder of runs, which need not have any yet."""
    index = RunIndex(runs_dir)
    app = _Application(
        index,
        "seqtoolkit_dashboard",
        assets_folder=str(Path(__file__).parent / "assets"),
        pages_folder="",
        use_pages=False,  # shell.py shows pages: Dash's own registry of them is shared by all applications
        include_pages_meta=False,
        assets_ignore=r"^scheme\.js$",  # the index page has it in its head
        serve_locally=True,
        enable_mcp=False,
        index_string=shell.INDEX,
        update_title="",
        suppress_callback_exceptions=True,  # pages come and go; a test walks every layout for the ids
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.layout = shell.layout(PAGES)
    shell.register(app, index, PAGES)
    for page in PAGES:
        page.register(app, index)
    secure(app)
    return app

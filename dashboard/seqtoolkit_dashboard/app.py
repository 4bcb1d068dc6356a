"""The application: one factory, explicit pages, nothing happens at import."""

from __future__ import annotations

from pathlib import Path

from dash import Dash

from seqtoolkit_dashboard import shell
from seqtoolkit_dashboard.pages import attention, memory, runs, training
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.security import secure

PAGES = (runs.PAGE, training.PAGE, attention.PAGE, memory.PAGE)


def create_app(runs_dir: Path) -> Dash:
    """Return the dashboard of a folder of runs, which need not have any yet."""
    app = Dash(
        "seqtoolkit_dashboard",
        assets_folder=str(Path(__file__).parent / "assets"),
        pages_folder="",
        use_pages=False,  # shell.py shows pages: Dash's own registry of them is shared by all applications
        include_pages_meta=False,
        serve_locally=True,
        enable_mcp=False,
        index_string=shell.INDEX,
        title="seqtoolkit",
        update_title="",
        suppress_callback_exceptions=True,  # pages come and go; a test walks every layout for the ids
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    index = RunIndex(runs_dir)
    app.layout = shell.layout(PAGES)
    shell.register(app, index, PAGES)
    for page in PAGES:
        page.register(app, index)
    secure(app)
    return app

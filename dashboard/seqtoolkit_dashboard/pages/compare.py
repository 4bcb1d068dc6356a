"""Compare: which architecture serves the data, as a comparison found: quality, costs, memory need, and advice."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, html
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.mantine import Select
from seqtoolkit_dashboard.pages import compared, parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.live import Live
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import PALETTE, Scheme, slots
from seqtoolkit_dashboard.view import View

LIVE = Live(ids.COMPARE_SEEN, ids.COMPARE_CHANGED)
LEAD = "Which architecture serves these data: all trained and measured alike, and one recommended."
_HERE = "this folder"
_HOW = (
    "seqtoolkit compare --config configs/recall.yaml --architectures rnn,lstm,gru --seeds 3 --out runs/NAME"
)


def layout(index: RunIndex, view: View) -> Any:
    """Return the choice of a comparison, and its place."""
    known, shown = index.comparisons(), _chosen(index, view)
    names = [*known, *([] if shown in ["", *known] else [shown])]
    choice = Select(
        id=ids.COMPARE_FOLDER,
        label="Comparison",
        data=[{"value": name, "label": _HERE if name == "." else name} for name in names],
        value=shown or None,
        allowDeselect=False,
        searchable=True,
        className="wide",
    )
    return html.Div(
        [
            parts.heading("Compare", LEAD),
            html.Div(choice, className="controls"),
            html.Div(id=ids.COMPARE_RESULT, **parts.aria(live="polite")),
            *LIVE.layout(),
        ]
    )


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the file change."""
    bind(
        app,
        {"compare": Control(ids.COMPARE_FOLDER)},
        shown=lambda view: view.updated({"compare": _chosen(index, view)}),
    )
    LIVE.watch(app, lambda view: index.comparison_version(_chosen(index, view)))

    @app.callback(
        Output(ids.COMPARE_RESULT, "children"),
        Output(LIVE.seen, "data"),
        Input(ids.URL, "search"),
        Input(ids.SCHEME, "data"),
        Input(LIVE.changed, "data"),
    )
    def draw(search: str | None, scheme: Scheme | None, _: str | None) -> Any:
        view = View.parse(search)
        if scheme is None:
            raise PreventUpdate
        version = index.comparison_version(
            _chosen(index, view)
        )  # before reading, so that no change is missed
        return _shown(index, view, scheme), {"version": version}


def _shown(index: RunIndex, view: View, scheme: Scheme) -> Any:
    name = _chosen(index, view)
    if not name or name not in index.comparisons():
        why = (
            f"No comparison named {name!r} is in this folder." if name else "No comparison is in this folder."
        )
        return parts.empty(
            "Nothing compared", f"{why} Let one train and measure several architectures:", html.Code(_HOW)
        )
    try:
        found = index.comparison(name)
        places = slots(
            [*(run.arch for run in index.runs()), *(str(one["arch"]) for one in found["architectures"])]
        )
        colours = {arch: PALETTE[scheme][place] for arch, place in places.items()}
        return compared.shown(found, colours, _runs(index, view, name, found), scheme)
    except (OSError, ValueError) as error:
        return parts.empty("This comparison cannot be shown", str(error))
    except (KeyError, TypeError, AttributeError) as error:
        what = f"its compare.json is not what this version writes ({type(error).__name__}: {error}); compare again"
        return parts.empty("This comparison cannot be shown", f"{name}: {what}")


def _runs(index: RunIndex, view: View, name: str, found: dict[str, Any]) -> Any:
    """Say how to look into the runs: they are in the dashboard of the folder of the comparison."""
    if name != ".":
        command = html.Code(f"seqtoolkit dashboard {index.root.name}/{name}")
        return html.P(["To look into the runs themselves: ", command], className="lead")
    first = [seed["run"] for one in found["architectures"] for seed in one["seeds"][:1] if seed["run"]]
    search = view.updated({"run": first}).search()
    pages = (("Training", "/training"), ("Quality", "/quality"), ("Memory", "/memory"))
    links = [piece for title, path in pages for piece in (", ", html.A(title, href=path + search))][1:]
    return html.P(["The first seed of each on the other pages: ", *links, "."], className="lead")


def _chosen(index: RunIndex, view: View) -> str:
    """Name the comparison of the view; without one, the newest."""
    return view.compare or next(iter(index.comparisons()), "")


PAGE = Page("/compare", "Compare", LEAD, layout, register)

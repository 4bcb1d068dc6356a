"""Compare: which architecture serves the data, as a comparison found: quality, costs, memory need, and advice."""

from __future__ import annotations

from typing import Any

from dash import Dash, html

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.pages import compared, fields, parts
from seqtoolkit_dashboard.pages.controls import Control, bind
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.pages.result import Result
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import PALETTE, Scheme, slots
from seqtoolkit_dashboard.view import View

RESULT = Result(ids.COMPARE_RESULT, ids.COMPARE_SEEN, ids.COMPARE_CHANGED)
LEAD = "Which architecture serves these data: all trained and measured alike, and one recommended."
_HERE = "this folder"
_HOW = (
    "seqtoolkit compare --config configs/recall.yaml --architectures rnn,lstm,gru --seeds 3 --out runs/NAME"
)


def layout(index: RunIndex, view: View) -> Any:
    """Return the choice of a comparison, and its place."""
    known, shown = index.comparisons(), _chosen(index, view)
    names = [*known, *([] if shown in ["", *known] else [shown])]
    options = [{"value": name, "label": _HERE if name == "." else name} for name in names]
    choice = fields.named(ids.COMPARE_FOLDER, "Comparison", options, shown)
    return parts.page("Compare", LEAD, [choice], *RESULT.layout())


def register(app: Dash, index: RunIndex) -> None:
    """Draw whenever the view, the colours or the file change."""
    bind(
        app,
        {"compare": Control(ids.COMPARE_FOLDER)},
        shown=lambda view: view.updated({"compare": _chosen(index, view)}),
    )
    RESULT.fill(
        app,
        lambda view: index.comparison_version(_chosen(index, view)),
        lambda view, scheme: _shown(index, view, scheme),
    )


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
    except (LookupError, ArithmeticError, TypeError, AttributeError) as error:
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

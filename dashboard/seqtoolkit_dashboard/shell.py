"""The frame around every page: header, navigation, colour scheme, and the page that the URL names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.mantine import ActionIcon, Anchor, MantineProvider
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.pages.page import Page
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import MANTINE
from seqtoolkit_dashboard.view import View

INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/mark.svg">
    <script src="/assets/scheme.js"></script>
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""
_TICK = 2000  # milliseconds


def layout(pages: Sequence[Page]) -> Any:
    """Return the frame; the page itself is filled in by a callback."""
    switch = ActionIcon(
        html.Span(className="half-disc"),
        id=ids.SWITCH,
        variant="subtle",
        size="lg",
        **parts.aria(label="Switch between light and dark"),
    )
    brand = html.A([html.Img(src="/assets/mark.svg", alt=""), "seqtoolkit"], href="/", className="brand")
    header = html.Header([brand, html.Nav(id=ids.NAV, **parts.aria(label="Pages")), switch])
    return MantineProvider(
        [
            dcc.Location(id=ids.URL, refresh=False),
            dcc.Interval(id=ids.TICK, interval=_TICK),
            dcc.Store(id=ids.SCHEME),
            dcc.Store(id=ids.TITLES, data={page.path: page.title for page in pages}),
            html.A("Skip to content", href=f"#{ids.CONTENT}", className="skip"),
            header,
            html.Main(id=ids.CONTENT, tabIndex=-1),
        ],
        id=ids.PROVIDER,
        theme=MANTINE,
        defaultColorScheme="auto",
    )


def register(app: Dash, index: RunIndex, pages: Sequence[Page]) -> None:
    """Show the page of the URL's path, and links to the others that keep the view."""
    by_path = {page.path: page for page in pages}
    app.clientside_callback(
        ClientsideFunction("seqtoolkit", "scheme"),
        Output(ids.SCHEME, "data"),
        Output(ids.PROVIDER, "forceColorScheme"),
        Input(ids.SWITCH, "n_clicks"),
        State(ids.SCHEME, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("seqtoolkit", "name"), Input(ids.URL, "pathname"), State(ids.TITLES, "data")
    )

    @app.callback(Output(ids.CONTENT, "children"), Input(ids.URL, "pathname"), State(ids.URL, "search"))
    def show(path: str | None, search: str | None) -> Any:
        if path is None:
            raise PreventUpdate
        page = by_path.get(path)
        return page.layout(index, View.parse(search)) if page else _not_found(path)

    @app.callback(Output(ids.NAV, "children"), Input(ids.URL, "pathname"), Input(ids.URL, "search"))
    def navigate(path: str | None, search: str | None) -> Any:
        query = View.parse(search).search()
        return [_link(page, query, current=page.path == path) for page in pages]


def _link(page: Page, query: str, current: bool) -> Any:
    state = parts.aria(current="page") if current else {}
    href = page.path + query
    return Anchor(page.title, href=href, refresh=False, underline="never", className="nav", **state)


def _not_found(path: str) -> Any:
    return html.Section([html.H1("There is no such page"), html.P([html.Code(path), " is not a page here."])])

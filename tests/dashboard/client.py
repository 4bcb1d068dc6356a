"""Call the dashboard's callbacks over HTTP as the browser does, without one."""

from __future__ import annotations

import re
from typing import Any

from dash import Dash
from seqtoolkit_dashboard import ids

Call = dict[str, Any]


def callbacks(app: Dash) -> list[Call]:
    """Return what the browser is told about every callback."""
    listed: list[Call] = app.server.test_client().get("/_dash-dependencies").get_json()
    return listed


def call(app: Dash, output: str, trigger: str, **values: Any) -> Any:
    """Call the callback whose outputs name `output`, with "id__property" values, as changed by `trigger`.

    Returns the updated properties by component, or None when nothing changes.
    """
    entry = next(c for c in callbacks(app) if output in c["output"] and not c["clientside_function"])
    payload = {
        "output": entry["output"],
        "outputs": _outputs(entry["output"]),
        "inputs": [_filled(item, values) for item in entry["inputs"]],
        "state": [_filled(item, values) for item in entry["state"]],
        "changedPropIds": [trigger],
    }
    response = app.server.test_client().post("/_dash-update-component", json=payload)
    if response.status_code == 204:
        return None
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_json()["response"]


def page(app: Dash, path: str, search: str = "") -> Any:
    """Return the layout of a page as JSON."""
    return call(app, "content.children", "url.pathname", url__pathname=path, url__search=search)["content"][
        "children"
    ]


def texts(node: Any) -> list[str]:
    """Return every text in a layout or a figure."""
    if isinstance(node, str):
        return [node]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return [text for child in children for text in texts(child)]


def links(node: Any) -> dict[str, str]:
    """Return where each link of a layout leads, by its text."""
    if isinstance(node, dict) and "href" in node:
        return {node["children"]: node["href"]}
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return {text: href for child in children for text, href in links(child).items()}


def figures(node: Any) -> list[dict[str, Any]]:
    """Return every figure in a layout."""
    if isinstance(node, dict) and "figure" in node.get("props", {}):
        return [node["props"]["figure"]]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return [figure for child in children for figure in figures(child)]


def _filled(item: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    return {**item, "value": values.get(f"{item['id'].replace('-', '_')}__{item['property']}")}


def _outputs(output: str) -> Any:
    names = re.findall(r"([\w-]+)\.([\w-]+(?:@\w+)?)", output)
    found = [{"id": name, "property": prop} for name, prop in names]
    return found if output.startswith("..") else found[0]


def draw_gates(app: Dash, search: str) -> dict[str, dict[str, Any]]:
    """Return what the Gates page sets for a view."""
    drawn: dict[str, dict[str, Any]] = call(
        app, ids.GATES_RESULT, "url.search", url__search=search, scheme__data="light"
    )
    return drawn

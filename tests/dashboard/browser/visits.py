"""A page of Debian's Chromium on the dashboard, and what can be asked of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from playwright.sync_api import BrowserContext, Page, expect

AXE = (Path(__file__).parents[1] / "axe.min.js").read_text()
PATIENCE = 90  # seconds: a busy machine is slow, not wrong
expect.set_options(timeout=1000 * PATIENCE)


class Visit:
    """A browser page that remembers everything that went wrong on it."""

    def __init__(self, browser: BrowserContext, address: str) -> None:
        self.page: Page = browser.new_page()
        self.page.set_default_timeout(1000 * PATIENCE)
        self.address, self.problems = address, list[str]()
        self.page.on(
            "console", lambda m: self.problems.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self._check(request.url))

    def _check(self, url: str) -> None:
        if urlparse(url).scheme not in ("data", "blob") and not url.startswith(self.address + "/"):
            self.problems.append(f"a request left the machine: {url}")

    def open(self, path: str) -> Page:
        """Open a page and wait until its title and its picture are there."""
        self.page.goto(self.address + path)
        expect(self.page.locator("#content h1")).to_be_visible()
        if path == "/":
            expect(self.page.locator("[row-id] [role=gridcell]").first).to_be_visible()
        if not path.startswith(("/?", "/nowhere")) and path != "/":
            drawn = self.page.locator(".js-plotly-plot .main-svg:visible, .empty:visible").first
            expect(drawn).to_be_visible()
        return self.page

    def close(self) -> None:
        """Close the page; fails when anything went wrong on it."""
        self.page.evaluate("localStorage.clear()")
        self.page.close()
        assert self.problems == []


def drawn(page: Page) -> Any:
    """Return what the first plot shows: names and points of its curves, and the types of its axes."""
    return page.evaluate(
        """() => { const plot = document.querySelector('.js-plotly-plot');
        return {data: plot.data.map(t => [t.name, Array.from(t.x || []), Array.from(t.y || [])]),
                axes: [plot.layout.xaxis.type, plot.layout.yaxis.type]}; }"""
    )


def until(page: Page, expression: str) -> None:
    """Wait for an expression to be true (the page's policy forbids Playwright's own way, which is eval)."""
    for _ in range(10 * PATIENCE):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not true after {PATIENCE} seconds: {expression}")


def serious_violations(page: Page) -> list[str]:
    """Return what axe finds to be a serious or critical barrier, once colours have stopped changing."""
    page.evaluate(AXE)
    page.evaluate(
        """() => Promise.allSettled(document.getAnimations()
        .filter(one => one.effect.getComputedTiming().iterations < Infinity).map(one => one.finished))"""
    )
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [
        f"{v['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for v in found
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]


def zoom(page: Page, plot: str = ".js-plotly-plot") -> None:
    """Draw a box in a plot, and wait until it is what is seen."""
    place = page.locator(f"{plot} .nsewdrag").first
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 70, steps=8)
    page.mouse.up()
    until(page, f"document.querySelector('{plot}').layout.xaxis.autorange === false")

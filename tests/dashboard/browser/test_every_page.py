"""Every page in Chromium: both colour schemes, no error, no request that leaves, and what there is before scripts."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.dashboard.browser.visits import Visit, serious_violations, until

PAGES = [
    "/",
    "/data",
    "/data?look=six-lstm",
    "/training",
    "/quality?run=recall-lstm&run=recall-gru",
    "/quality?run=six-lstm&matrix=shares",
    "/compare?compare=compared",
    "/memory",
    "/memory?run=six-lstm",
    "/memory?run=six-lstm&axes=one&lag=log",
    "/length",
    "/gates?look=recall-lstm&unit=3",
    "/gates?look=pairs-plain",
    "/gates?look=six-lstm",
    "/gates?look=recall-attention",
    "/attention?look=recall-attention",
    "/attention?look=recall-lstm",
    "/attention?look=recall-lstm&text=a%0Ab",
    "/attention?look=six-lstm&text=val%200%20to%2020",
    "/attention?look=pairs-additive",
    "/alignment?look=pairs-additive&row=1",
    "/alignment?look=pairs-additive&edit=rememver&row=2",
    "/alignment?look=pairs-plain&other=pairs-additive",
    "/nowhere",
]

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound_accessible_and_fits_a_narrow_window(visit: Visit, path: str) -> None:
    page = visit.open(path)
    assert serious_violations(page) == []
    page.get_by_role("button", name="Switch between light and dark").click()
    until(page, "document.documentElement.dataset.mantineColorScheme === 'dark'")
    page.wait_for_load_state("networkidle")
    assert serious_violations(page) == []
    expect(page.get_by_role("button", name="Share chart...")).to_have_count(0)  # it would upload the data
    page.set_viewport_size({"width": 400, "height": 800})
    until(page, "document.documentElement.scrollWidth <= 400")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/?q=recall&run=recall-gru", "/memory", "/nowhere"])
def test_the_first_response_is_a_page_without_scripts(
    address: str, browser: BrowserContext, path: str, scheme: Literal["light", "dark"]
) -> None:
    assert browser.browser is not None
    context = browser.browser.new_context(java_script_enabled=False, color_scheme=scheme)
    page = context.new_page()
    page.goto(address + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("recall-gru", exact=True)).to_have_count(int(path.startswith("/?")))
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_rows_are_there_before_scripts_and_do_not_jump(
    visit: Visit, scheme: Literal["light", "dark"]
) -> None:
    page, held = visit.page, list[Route]()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.route("**/dash_renderer*", lambda route: held.append(route))
    page.goto(visit.address + "/", wait_until="commit")
    expect(page.get_by_role("rowheader", name="recall-gru")).to_be_visible()
    expect(page.locator("#react-entry-point")).to_be_hidden()
    before = page.get_by_role("rowheader", name="recall-gru").bounding_box()
    assert serious_violations(page) == []
    held[0].continue_()
    row = page.locator('[row-id="recall-gru"]').first
    expect(row).to_be_visible()
    expect(page.locator("#first")).to_have_count(0)
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 3


@pytest.mark.parametrize("query", ["", "?q=nothing-is-called-so"])
def test_the_first_response_gives_way(visit: Visit, query: str) -> None:
    visit.page.goto(f"{visit.address}/{query}")
    expect(visit.page.locator("#first")).to_have_count(0)
    expect(visit.page.locator("#content .runs-grid")).to_be_visible()


def test_the_scheme_is_the_system_s_until_it_is_switched(visit: Visit) -> None:
    visit.page.emulate_media(color_scheme="dark")
    page = visit.open("/memory")
    colour = "document.querySelector('.js-plotly-plot').layout.template.layout.font.color"
    assert page.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark"
    dark = page.evaluate(colour)
    page.get_by_role("button", name="Switch between light and dark").click()
    until(page, f"{colour} !== '{dark}'")
    page.reload()
    until(page, "document.documentElement.dataset.mantineColorScheme === 'light'")

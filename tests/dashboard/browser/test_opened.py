"""Pages in Chromium that open checkpoints: what is typed and clicked there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.dashboard.browser.visits import Visit, until

pytestmark = pytest.mark.browser


def test_a_word_typed_on_the_attention_page_is_drawn(visit: Visit) -> None:
    page = visit.open("/attention?look=recall-attention")
    expect(page.get_by_label("Input")).to_have_attribute("placeholder", "remember")
    page.get_by_label("Input").fill("phonology")
    until(page, "document.querySelector('.js-plotly-plot').layout.xaxis.ticktext[0] === 'p'")
    page.get_by_role("radiogroup", name="Layer").get_by_text("2", exact=True).click()
    expect(page.get_by_role("heading", name="Layer 2, head 1")).to_be_visible()
    assert (
        page.url == f"{visit.address}/attention?look=recall-attention&checkpoint=best&text=phonology&layer=2"
    )
    assert page.get_by_label("Input").input_value() == "phonology"
    page.get_by_label("Input").fill("déjà")
    expect(page.get_by_text("this model reads only")).to_be_visible()


def test_a_click_pins_a_target_symbol_and_a_second_one_lets_it_go(visit: Visit) -> None:
    page = visit.open("/alignment?look=pairs-additive&text=phone")
    click = (
        "document.querySelectorAll('.js-plotly-plot')[0].emit('plotly_click', {points: [{x: 1, y: 0, z: 0.1, "
        "curveNumber: 0, pointNumber: [0, 1]}]})"
    )
    page.evaluate(click)
    expect(page).to_have_url(f"{visit.address}/alignment?look=pairs-additive&text=phone&row=1")
    expect(page.get_by_role("heading", name="Target symbol 1")).to_be_visible()
    expect(page.get_by_role("textbox", name="Pinned target symbol")).to_have_value(re.compile("^1: "))
    page.evaluate(click)
    expect(page).to_have_url(f"{visit.address}/alignment?look=pairs-additive&text=phone")
    expect(page.get_by_role("heading", name="Target symbol 1")).to_have_count(0)


def test_an_edited_source_has_a_difference_and_the_link_shows_it_again(
    visit: Visit, browser: BrowserContext
) -> None:
    page = visit.open("/alignment?look=pairs-additive&text=phone")
    page.get_by_label("Compare with source").fill("phune")
    expect(page.get_by_role("heading", name="Second minus first")).to_have_count(2)
    assert page.url.startswith(
        f"{visit.address}/alignment?look=pairs-additive&checkpoint=best&text=phone&edit=phune"
    )
    copied = Visit(browser, visit.address)
    copied.open(page.url.removeprefix(visit.address))
    expect(copied.page.get_by_role("heading", name="Second minus first")).to_have_count(2)
    assert copied.page.get_by_label("Compare with source").input_value() == "phune"
    copied.close()


def test_a_click_on_a_map_shows_a_unit_and_a_second_one_lets_it_go(visit: Visit) -> None:
    page = visit.open("/gates?look=recall-lstm&text=phone")
    click = (
        "document.querySelector('.maps:not(.about) .js-plotly-plot').emit('plotly_click', {points: [{x: 1, y: 0, "
        "text: 'unit 7, τ = 2 steps', curveNumber: 0, pointNumber: [0, 1]}]})"
    )
    page.evaluate(click)
    expect(page).to_have_url(f"{visit.address}/gates?look=recall-lstm&text=phone&unit=7")
    expect(page.get_by_role("heading", name=re.compile("^Unit 7"))).to_be_visible()
    expect(page.get_by_role("textbox", name="Unit")).to_have_value(re.compile("^unit 7"))
    page.evaluate(click)
    expect(page).to_have_url(f"{visit.address}/gates?look=recall-lstm&text=phone")


def test_an_example_leads_to_what_the_model_looks_at(visit: Visit) -> None:
    page = visit.open("/quality?run=recall-lstm")
    page.get_by_text("Drawn by chance", exact=True).click()
    expect(page).to_have_url(f"{visit.address}/quality?run=recall-lstm&examples=drawn")
    expect(page.get_by_text("K AE T").first).to_be_visible()
    page.go_back()
    page.get_by_role("row", name="remember").get_by_role("link", name="Gates").click()
    where = f"{visit.address}/gates?run=recall-lstm&look=recall-lstm&checkpoint=best&text=remember"
    expect(page).to_have_url(where)
    expect(page.get_by_text(re.compile("^Reads remember: "))).to_be_visible()


def test_an_example_of_numbers_is_chosen_and_its_gates_are_saved(visit: Visit) -> None:
    page = visit.open("/quality?run=six-lstm")
    page.get_by_role("link", name="Gates").last.click()
    where = f"{visit.address}/gates?run=six-lstm&look=six-lstm&checkpoint=best&text=val%201%20to%2024"
    expect(page).to_have_url(where)
    expect(page.get_by_text(re.compile("^Reads val 1 to 24: 24 steps"))).to_be_visible()
    page.get_by_role("textbox", name="Example of the data").fill("val ")
    page.get_by_role("option").first.click()
    expect(page.get_by_text(re.compile("^Reads val 1 to 24: 24 steps"))).to_be_visible()
    page.get_by_role("textbox", name="Example of the data").fill("val 0")
    expect(page.get_by_text(re.compile("^Reads val 0: 48 steps"))).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download these numbers").click()
    assert saved.value.suggested_filename == "gates.csv"
    assert Path(saved.value.path()).read_text().startswith("layer,map,unit,")


@pytest.mark.parametrize("path", ["/attention?look=recall-attention", "/gates?look=recall-lstm"])
def test_the_field_is_that_of_the_run_whichever_was_there_before(visit: Visit, path: str) -> None:
    page = visit.open(path)
    page.get_by_role("textbox", name="Run").click()
    page.get_by_role("option", name="six-lstm (lstm)").click()
    expect(page.get_by_text(re.compile("^Reads val 0: 48 steps"))).to_be_visible()
    field = page.get_by_role("textbox", name="Example of the data")
    expect(field).to_have_attribute("placeholder", "val 0")
    field.click()
    page.get_by_role("option", name="val 1 to 24").click()
    expect(page.get_by_text(re.compile("^Reads val 1 to 24: 24 steps"))).to_be_visible()
    expect(page).to_have_url(re.compile("text=val%201%20to%2024"))
    page.go_back()
    page.go_back()
    field = page.get_by_role("textbox", name="Input")
    expect(field).to_have_attribute("placeholder", "remember")
    field.fill("phone")
    expect(page).to_have_url(re.compile("text=phone$"))
    expect(page.get_by_role("option")).to_have_count(0)


def test_line_feeds_survive_an_edit(visit: Visit) -> None:
    page = visit.open("/attention?look=recall-lstm&text=a%0Ab")
    expect(page.get_by_text("this model reads only")).to_be_visible()
    field = page.get_by_role("textbox", name="Input")
    assert field.input_value() == "a\nb"
    field.press("End")
    field.press_sequentially("c")
    expect(page).to_have_url(re.compile("text=a%0Ab"))
    assert field.input_value() in ("ac\nb", "a\nbc")

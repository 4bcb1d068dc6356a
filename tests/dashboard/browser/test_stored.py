"""Pages in Chromium that draw what is stored: selections, links, sliders, zooms, files, and what changes meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.dashboard.browser.visits import Visit, drawn, until, zoom
from tests.dashboard.quality_folders import length_records, write_lengths
from tests.dashboard.run_folders import log_line, write_run

pytestmark = pytest.mark.browser


def test_ticks_select_runs_for_the_other_pages(visit: Visit) -> None:
    page = visit.open("/")
    for name in ("recall-gru", "recall-rnn"):
        page.locator(f'[row-id="{name}"] input[type=checkbox]').check()
    expect(page).to_have_url(f"{visit.address}/?run=recall-gru&run=recall-rnn")
    page.get_by_role("link", name="Memory").click()
    expect(page).to_have_url(f"{visit.address}/memory?run=recall-gru&run=recall-rnn")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    assert page.title() == "Memory · seqtoolkit"
    assert {"recall-gru", "recall-rnn"} == {
        name for name, *_ in drawn(page)["data"] if name and name != "chance"
    }


def test_search_filters_the_table(visit: Visit) -> None:
    page = visit.open("/")
    expect(page.locator('[row-id="recall-gru"]').first).to_be_visible()
    page.get_by_label("Search").fill("crashed")
    expect(page.locator('[row-id="recall-gru"]')).to_have_count(0)
    expect(page.get_by_text("loss is NaN at step 412")).to_be_visible()
    expect(page).to_have_url(f"{visit.address}/?q=crashed")


def test_a_copied_link_shows_the_same_picture_and_back_undoes(visit: Visit, browser: BrowserContext) -> None:
    page = visit.open("/memory?run=recall-lstm&run=recall-gru")
    before = drawn(page)
    page.get_by_text("Log", exact=True).click()
    expect(page).to_have_url(f"{visit.address}/memory?run=recall-lstm&run=recall-gru&lag=log")
    until(page, "document.querySelector('.js-plotly-plot').layout.xaxis.type === 'log'")
    copied = Visit(browser, visit.address)
    copied.open(page.url.removeprefix(visit.address))
    assert drawn(copied.page) == drawn(page) != before
    copied.close()
    page.go_back()
    until(page, "document.querySelector('.js-plotly-plot').layout.xaxis.type === 'linear'")
    expect(page.get_by_role("radio", name="Linear")).to_be_checked()
    assert drawn(page) == before


def test_pictures_and_numbers_are_saved_without_a_request(visit: Visit) -> None:
    page = visit.open("/memory?run=six-lstm")
    for form, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=form, exact=True).filter(visible=True).first.click()
        assert saved.value.suggested_filename == f"decoding-is-it-present.{form.lower()}"
        assert Path(saved.value.path()).read_bytes().startswith(begins)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download all numbers").click()
    assert saved.value.suggested_filename == "retention.csv"
    assert Path(saved.value.path()).read_text().startswith("run,architecture,checkpoint,protocol")


def test_a_slider_goes_through_checkpoints(visit: Visit) -> None:
    page = visit.open("/memory?run=six-lstm&protocol=recall")
    slider = page.get_by_role("slider", name="Checkpoint in the order of training")
    slider.focus()
    slider.press("ArrowLeft")
    expect(page).to_have_url(f"{visit.address}/memory?run=six-lstm&probe=step-500&protocol=recall")
    expect(page.get_by_role("textbox", name="Checkpoint", exact=True)).to_have_value("step-500")


def test_lengths_are_live(visit: Visit, runs_dir: Path) -> None:
    page = visit.open("/length?run=pairs-plain&measure=bleu")
    folder = write_run(runs_dir, "pairs-late", "gru", encoder="lstm", attention="dot", task="pairs")
    page.goto(f"{visit.address}/length?run=pairs-plain&run=pairs-late")
    expect(page.get_by_text("pairs-late has no symbol errors by length")).to_be_visible()
    write_lengths(folder, *length_records(9.0))
    folder.close()
    until(
        page,
        "document.querySelector('.js-plotly-plot').data.some(t => (t.name || '').startsWith('pairs-late'))",
    )


def test_a_running_run_is_live(visit: Visit, runs_dir: Path) -> None:
    page = visit.open("/training?run=g2p-training")
    log_line(runs_dir / "g2p-training", step=1234, **{"train/loss": 0.123})
    until(page, "document.querySelector('.js-plotly-plot').data[0].x.includes(1234)")
    log_line(runs_dir / "g2p-training", step=1259, **{"val/brand_new": 0.5})
    page.get_by_role("textbox", name="Metrics").click()
    expect(page.get_by_role("option", name="val/brand_new")).to_be_visible()


def test_a_zoom_survives_live_updates(visit: Visit, runs_dir: Path) -> None:
    page = visit.open("/training?run=g2p-training")
    zoom(page)
    log_line(runs_dir / "g2p-training", step=1300, **{"train/loss": 0.2})
    until(page, "document.querySelector('.js-plotly-plot').data[0].x.includes(1300)")
    assert page.evaluate("document.querySelector('.js-plotly-plot').layout.xaxis.autorange") is False


def test_a_zoom_into_a_small_multiple_survives_another_checkpoint(visit: Visit) -> None:
    page, card = visit.open("/memory?run=six-lstm"), "#memory-curve-decoding .js-plotly-plot"
    page.wait_for_load_state("networkidle")
    zoom(page, card)
    limits, value = (
        f"document.querySelector('{card}').{what}"
        for what in ("layout.xaxis.range", "data.find(t => t.mode === 'lines+markers').y[5]")
    )
    before, best = page.evaluate(limits), page.evaluate(value)
    slider = page.get_by_role("slider", name="Checkpoint in the order of training")
    slider.focus()
    slider.press("ArrowLeft")
    until(page, f"{value} !== {best}")
    assert page.evaluate(limits) == before


def test_a_finding_leads_to_its_curve(visit: Visit) -> None:
    page = visit.open("/memory?run=six-lstm")
    page.get_by_role("link", name="gradient", exact=True).click()
    expect(page.locator("#memory-curve-gradient")).to_be_in_viewport()
    assert page.url == f"{visit.address}/memory?run=six-lstm#memory-curve-gradient"


def test_the_table_is_live_and_names_are_only_text(visit: Visit, runs_dir: Path) -> None:
    page = visit.open("/")
    expect(page.locator('[row-id="recall-gru"]').first).to_be_visible()
    metric = "val/<img src=x onerror=document.title='owned'>"
    write_run(runs_dir, "<b>late", created=1_900_000_000.0, metrics={metric: 1.0}).close()
    expect(page.locator("[row-id]", has_text="<b>late").first).to_be_visible()
    page.get_by_role("link", name="Training").click()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    assert page.title() == "Training · seqtoolkit"


def test_a_part_of_a_pair_is_measured_from_the_page_as_the_fields_ask(visit: Visit) -> None:
    page = visit.open("/memory?run=pairs-plain&protocol=gradient")
    said = page.get_by_role("status")
    page.get_by_text("Options: lags, steps, seeds and split").click()
    lags = page.get_by_role("textbox", name="Lags")
    lags.fill("1:999")
    page.get_by_role("button", name="Measure").click()
    expect(said.filter(has_text="lag 999 lies beyond sequences of 256 steps")).to_be_visible()
    lags.fill("1,2,4")
    page.get_by_role("textbox", name="Seeds").fill("1")
    for part, says in (("encoder", "the encoder reads from both ends"), ("decoder", "is measured.")):
        page.get_by_role("textbox", name="Part").click()
        page.get_by_role("option", name=part).click()
        page.get_by_role("button", name="Measure").click()
        expect(said.filter(has_text=says)).to_be_visible()
    expect(page.get_by_role("cell", name="decoder, iid")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the horizons").click()
    assert saved.value.suggested_filename == "horizons.csv"
    assert Path(saved.value.path()).read_text().splitlines()[1].startswith("pairs-plain,")

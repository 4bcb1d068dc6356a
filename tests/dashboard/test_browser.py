"""The dashboard in Debian's Chromium: every page, both colour schemes, no error, no request that leaves."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlparse

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect, sync_playwright
from seqtoolkit_dashboard.app import create_app
from waitress.server import create_server

from tests.dashboard.run_folders import (
    CREATED,
    confusion_record,
    findings,
    forecast_examples,
    forecast_records,
    length_records,
    log_horizons,
    log_line,
    protocol_records,
    quality_records,
    series_data,
    text_examples,
    write_checkpoint,
    write_comparison,
    write_data,
    write_demo,
    write_findings,
    write_lengths,
    write_probe,
    write_records,
    write_run,
)

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
AXE = (Path(__file__).parent / "axe.min.js").read_text()
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
    "/gates?look=recall-attention",
    "/attention?look=recall-attention",
    "/attention?look=recall-lstm",
    "/attention?look=pairs-additive",
    "/alignment?look=pairs-additive&row=1",
    "/alignment?look=pairs-additive&edit=rememver&row=2",
    "/alignment?look=pairs-plain&other=pairs-additive",
    "/nowhere",
]

pytestmark = pytest.mark.browser
PATIENCE = 90  # seconds: a busy machine is slow, not wrong
expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("browser") / "runs"
    folders = write_demo(root)
    six = write_run(root, "six-lstm", "lstm", task="six", created=CREATED - 5000)
    write_probe(six, *protocol_records("lstm"))
    write_probe(six, *protocol_records("rnn"), checkpoint="step-500", step=500)
    write_findings(six, *findings())
    write_data(six, series_data())
    write_records(six, *forecast_records(0.1), *forecast_examples())
    for arch in ("lstm", "gru"):
        write_records(folders[arch], *quality_records(0.1), confusion_record(), *text_examples())
    write_comparison(root, "compared")
    log_horizons(six, 90)
    six.close()
    for arch in ("attention", "lstm"):
        write_checkpoint(root / f"recall-{arch}" / "checkpoints" / "best.ckpt", arch)
    for attention in ("none", "additive"):
        name = attention.replace("none", "plain")
        path = root / f"pairs-{name}" / "checkpoints" / "best.ckpt"
        write_checkpoint(path, "gru", encoder="lstm", attention=attention)
    yield root
    folders["live"].close()


@pytest.fixture(scope="module")
def address(runs_dir: Path) -> Iterator[str]:
    server = create_server(create_app(runs_dir).server, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(server.close)  # in the thread of its loop
    thread.join(10)
    server.task_dispatcher.shutdown()


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[BrowserContext]:
    """Start Chromium once, so that its cache keeps the scripts between tests; it ends before the server does."""
    if not CHROMIUM.exists():
        pytest.fail(f"the browser tests need {CHROMIUM}: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium.new_context(reduced_motion="reduce")
        chromium.close()


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


@pytest.fixture
def visit(browser: BrowserContext, address: str) -> Iterator[Visit]:
    one = Visit(browser, address)
    yield one
    one.close()


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


def test_a_running_run_is_live(visit: Visit, runs_dir: Path) -> None:
    page = visit.open("/training?run=g2p-training")
    log_line(runs_dir / "g2p-training", step=1234, **{"train/loss": 0.123})
    until(page, "document.querySelector('.js-plotly-plot').data[0].x.includes(1234)")
    log_line(runs_dir / "g2p-training", step=1259, **{"val/brand_new": 0.5})
    page.get_by_role("textbox", name="Metrics").click()
    expect(page.get_by_role("option", name="val/brand_new")).to_be_visible()


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

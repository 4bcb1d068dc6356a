"""The first response shows the runs before any script has run, and only as text."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from dash import Dash
from seqtoolkit_dashboard import first
from seqtoolkit_dashboard.app import PAGES, create_app
from seqtoolkit_dashboard.pages.page import Page

from tests.dashboard.run_folders import write_run

HOSTILE = "<script>alert(1)</script>"


class Text(HTMLParser):
    """The tags of an HTML text, and what a person reads in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.texts = list[str](), list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


def shown(app: Dash, address: str) -> Text:
    html = app.server.test_client().get(address).get_data(as_text=True)
    return Text(html[html.index('<div id="first">') : html.index('<div id="react-entry-point">')])


def test_every_run_is_listed_with_its_facts(app: Dash, runs_dir: Path) -> None:
    page = shown(app, "/")
    assert {path.name for path in runs_dir.iterdir()} <= set(page.texts)
    assert {"Runs", "finished", "lstm", "620,431", "11 runs, 1 training now", "–"} <= set(page.texts)
    assert any("loss is NaN at step 412" in text for text in page.texts)
    assert "script" not in page.tags


def test_names_are_only_text(tmp_path: Path) -> None:
    folder = write_run(tmp_path, HOSTILE.replace("/", "\\"), HOSTILE, task=HOSTILE, error=HOSTILE)
    folder.update(metrics={f"val/{HOSTILE}": 1.0})
    folder.close()
    search = "?q=" + HOSTILE + "&run=" + HOSTILE + '"onload="alert(1)'
    for address in ("/", "/" + search, "/" + HOSTILE, "/memory" + search):
        assert "script" not in shown(create_app(tmp_path), address).tags
    assert {HOSTILE.replace("/", "\\"), HOSTILE, f"val/{HOSTILE}"} <= set(
        shown(create_app(tmp_path), "/").texts
    )


def test_search_and_ticks_are_those_of_the_url(app: Dash) -> None:
    texts = shown(app, "/?q=LSTM+recall&run=recall-lstm&run=gone").texts
    assert [text for text in texts if text.startswith("recall-")] == ["recall-lstm"]
    assert "selected" in texts
    assert any("No run named 'gone'" in text for text in texts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_page_has_its_title_and_the_way_to_the_others(app: Dash, page: Page) -> None:
    html = app.server.test_client().get(f"{page.path}?run=recall-lstm").get_data(as_text=True)
    assert f"<title>{page.title} · seqtoolkit</title>" in html
    assert f"<h1>{page.title}</h1>" in html
    for other in PAGES:
        current = ' aria-current="page"' if other is page else ""
        assert f'href="{other.path}?run=recall-lstm"{current}>{other.title}</a>' in html


def test_a_page_that_is_not_there_says_so(app: Dash) -> None:
    assert {"There is no such page", "/nowhere"} <= set(shown(app, "/nowhere").texts)


def test_long_lists_end_with_how_many_more_there_are(app: Dash, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first, "MAX_ROWS", 4)
    page = shown(app, "/")
    assert (page.tags.count("tr"), "and 7 more" in page.texts) == (5, True)


def test_scripts_wait_until_the_list_is_drawn_and_keep_their_order(app: Dash) -> None:
    html = app.server.test_client().get("/").get_data(as_text=True)
    after = html[html.index('<div id="first">') :]
    assert '<script src="' not in after
    assert after.count('<script defer src="') >= 10
    assert (
        'type="module">var renderer' in after
    )  # modules run after deferred scripts, other inline ones before

"""The article's study: what it counts and measures, a page without any request, and the whole road in small."""

from __future__ import annotations

import importlib
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from seqtoolkit.data.g2p import CODEC
from seqtoolkit.model import SequenceModel

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def _load(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return importlib.import_module(name)


rules, cost, page = _load("article_rules"), _load("article_cost"), _load("article_page")
figures, honesty = _load("article_figures"), _load("article_honesty")


@pytest.fixture(autouse=True)
def _beside_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.mark.parametrize(("arch", "grows"), [("lstm", False), ("attention", True)])
def test_the_state_is_counted(arch: str, grows: bool) -> None:
    short, long = (cost.cost(arch, steps, 1) for steps in (16, 64))
    assert (long.state > short.state) == grows
    assert 3 < long.kept / short.kept < 5  # linear: no architecture keeps a map of T x T
    assert min(*short.train, *short.step, *long.train, *long.step) > 0


def test_maps_of_an_untrained_model_are_measured_with_their_null() -> None:
    sizes = len(CODEC.classes), len(CODEC.symbols)
    records = honesty.measure(SequenceModel("attention", *sizes, d_model=16, num_layers=2).eval(), 12)
    places = [(record.settings["layer"], record.settings["head"]) for record in records]
    assert places == [(layer, number) for layer in range(2) for number in range(4)]
    for record in records:
        low, high = record.settings["null_interval"]
        assert low <= record.null <= high
        assert 0 < record.n <= 12
    assert honesty.measure(SequenceModel("rnn", *sizes, d_model=16, num_layers=1).eval(), 3) == []


class Resources(HTMLParser):
    """Every address that a browser would fetch or follow, and whether all tags are closed."""

    VOID = ("meta", "br", "img", "link", "input", "hr")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.style = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")
        ]
        self.style += "".join(value or "" for name, value in attrs if name == "style")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        elif not self.open or self.open[-1] != "script":
            self.text.append(data)


def _read(document: str) -> str:
    """Check that a page parses and asks for nothing; return its text."""
    parser = Resources()
    parser.feed(document)
    parser.close()
    assert not parser.open
    assert all(address.startswith("#") for address in parser.found)
    assert "url(" not in parser.style
    assert "@import" not in parser.style
    assert "default-src 'none'" in document
    return " ".join(" ".join(parser.text).split())


def test_names_cannot_leave_their_place() -> None:
    evil = "</script><img src=http://x>%{y}"
    series = figures.Series(
        evil, evil, evil, 0, [1, 2], [0.5, 0.4], [0.4, 0.3], [0.6, 0.5], [9, 9], [0.1, 0.1]
    )
    chart = figures.Chart(evil, evil, evil, [series], evil)
    answer = page.Answer(evil, evil, [rules.Verdict("open", evil)], [chart], [(evil, [(evil,), (evil,)])])
    document = page.page(evil, evil, [answer], [evil])
    _read(document)
    assert "<img" not in document.replace(page.get_plotlyjs(), "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chart_has_its_interval_its_null_and_every_number(scheme: Any) -> None:
    series = figures.Series(
        "a", "lstm", "lstm", 0, [1, 2], [0.5, 0.4], [0.4, 0.3], [0.6, 0.5], [9, 8], [0.1, 0.1]
    )
    chart = figures.Chart("title", "lag", "accuracy", [series], "caption")
    drawn = [list(trace.y) for trace in figures.draw(chart, scheme).data]
    assert drawn == [[0.4, 0.3], [0.6, 0.5], [0.5, 0.4], [0.1, 0.1]]
    assert figures.rows(chart)[1:] == [
        ("a", "lstm", "1", "0.5", "0.4", "0.6", "0.1", "9"),
        ("a", "lstm", "2", "0.4", "0.3", "0.5", "0.1", "8"),
    ]


@pytest.mark.timeout(900)  # eight commands; minutes only on a machine that is busy with something else
def test_the_whole_road_in_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    words = f"article.py --runs {tmp_path / 'runs'} --out {out} --architectures rnn attention --tasks recall"
    words += " --lengths 4 --seeds 1 --rates 0.003 --steps 20 --cost-lengths 16 32 64 128 --repeats 2"
    monkeypatch.setattr(sys, "argv", words.split())
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(BENCHMARKS / "article.py"), run_name="__main__")
    assert ended.value.code == 0, capsys.readouterr().err
    text = _read(out.read_text())
    assert "rnn, attention: 1 seed, recall at lags up to 4" in text
    assert "n = 200 sequences for each lag, 1 seed" in text
    assert "After how many steps does the RNN forget?" in text
    assert "Wilson" in text
    assert "chance" in text
    assert sorted(path.name for path in (tmp_path / "runs").glob("recall-*") if path.is_dir()) == [
        "recall-4-attention-lr0.003-seed0",
        "recall-4-rnn-lr0.003-seed0",
    ]

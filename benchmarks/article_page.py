"""One HTML page that needs nothing else: plotly.js inside, colours of the system, every figure also as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from article_figures import Chart, draw, rows
from article_rules import Verdict
from plotly.offline import get_plotlyjs
from seqtoolkit_dashboard.theme import Scheme

Table = Sequence[Sequence[str]]
WORDS = {
    "agrees": "as the article says",
    "contradicts": "contradicts the article",
    "partly": "true in part",
    "open": "not decided",
    "measured": "measured",
}
SECURITY = (  # the browser itself refuses any request
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
STYLE = """
:root { color-scheme: light dark; --page: light-dark(#f6f7f9, #15181d); --surface: light-dark(#fff, #1b1e24);
  --line: light-dark(#e1e5ea, #31363f); --ink: light-dark(#1d2430, #dfe3ea); --muted: light-dark(#566072, #a3acba);
  --agrees: light-dark(#1a7f4b, #5fd39b); --contradicts: light-dark(#b3261e, #ff9d94);
  --partly: light-dark(#8a5a00, #f2c36b); --open: var(--muted); --measured: var(--ink); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem clamp(1rem, 4vw, 3rem); background: var(--page);
  color: var(--ink); font: 400 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
h1 { font-size: 2rem; line-height: 1.2; } h2 { margin-top: 3rem; } p, li { max-width: 70ch; }
figure { margin: 1.5rem 0; padding: 1rem; background: var(--surface); border: 1px solid var(--line);
  border-radius: .5rem; }
figcaption, .note { color: var(--muted); font-size: .9rem; }
.scroll { overflow-x: auto; } .scroll:focus-visible { outline: 2px solid; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
summary { cursor: pointer; color: var(--muted); }
.status { font-weight: 600; white-space: nowrap; } .agrees { color: var(--agrees); }
.contradicts { color: var(--contradicts); } .partly { color: var(--partly); } .open { color: var(--open); }
.measured { color: var(--measured); } a { color: inherit; } td > p:first-child { margin-top: 0; }
@media (max-width: 45rem) { .answers :is(table, tbody, tr, th, td) { display: block; border: 0; }
  .answers thead { display: none; } .answers tr { border-bottom: 1px solid var(--line); padding: .5rem 0; } }
"""
SCRIPT = """
const dark = matchMedia("(prefers-color-scheme: dark)");
function show() {
  for (const place of document.querySelectorAll("[data-figure]")) {
    const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
    const chosen = figure[dark.matches ? "dark" : "light"];
    Plotly.react(place, chosen.data, chosen.layout, {displaylogo: false, responsive: true});
  }
}
dark.addEventListener("change", show);
show();
"""


@dataclass(frozen=True)
class Answer:
    """One question of the study: what the article claims, the verdicts of the measurement, and its figures."""

    question: str
    claim: str
    verdicts: Sequence[Verdict]
    charts: Sequence[Chart] = ()
    tables: Sequence[tuple[str, Table]] = ()  # caption, rows with the head first
    notes: Sequence[str] = ()


def page(title: str, lead: str, answers: Sequence[Answer], methods: Sequence[str]) -> str:
    """Return the whole document."""
    sections = "".join(_section(number, answer) for number, answer in enumerate(answers, 1))
    told = "".join(f"<li>{escape(text)}</li>" for text in methods)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{SECURITY}">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>{escape(title)}</h1><p>{escape(lead)}</p></header>
<main>
<section aria-labelledby="answers"><h2 id="answers">In one table</h2>{_summary(answers)}</section>
{sections}
<section aria-labelledby="methods"><h2 id="methods">How it was measured</h2><ul>{told}</ul></section>
</main>
<noscript><p class="note">The figures need JavaScript; their numbers stand in the tables.</p></noscript>
<script>{get_plotlyjs()}</script>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _summary(answers: Sequence[Answer]) -> str:
    lines = [
        f'<tr><th scope="row"><a href="#q{number}">{escape(answer.question)}</a></th>'
        f"<td>{escape(answer.claim)}</td><td>{_verdicts(answer)}</td></tr>"
        for number, answer in enumerate(answers, 1)
    ]
    head = (
        '<tr><th scope="col">Question</th><th scope="col">The article</th><th scope="col">Measured</th></tr>'
    )
    inside = f"<table><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table>"
    return (
        f'<div class="answers">{inside}</div>'  # narrow windows have one column, and nothing is out of sight
    )


def _section(number: int, answer: Answer) -> str:
    charts = "".join(_figure(f"f{number}-{place}", chart) for place, chart in enumerate(answer.charts))
    tables = "".join(f"<h3>{escape(caption)}</h3>{table(found, caption)}" for caption, found in answer.tables)
    notes = "".join(f"<p>{escape(note)}</p>" for note in answer.notes)
    return (
        f'<section aria-labelledby="q{number}"><h2 id="q{number}">{escape(answer.question)}</h2>'
        f"<p>The article: {escape(answer.claim)}</p>{_verdicts(answer)}{notes}{charts}{tables}</section>"
    )


def _verdicts(answer: Answer) -> str:
    return "".join(
        f'<p><span class="status {verdict.status}">{WORDS[verdict.status]}</span>: {escape(verdict.text)}</p>'
        for verdict in answer.verdicts
    )


def _figure(name: str, chart: Chart) -> str:
    """Return a chart in both schemes, with its caption and its numbers; nothing to draw is said."""
    if not chart.series:
        return f'<p class="note">{escape(chart.title)}: nothing was measured.</p>'
    schemes: tuple[Scheme, ...] = ("light", "dark")
    both = {scheme: json.loads(draw(chart, scheme).to_json()) for scheme in schemes}
    drawn = json.dumps(both).replace("<", "\\u003c")  # a name cannot end the script
    return (
        f"<figure><h3>{escape(chart.title)}</h3>"
        f'<div data-figure="{name}" role="img" aria-label="{escape(chart.title)}; numbers below"></div>'
        f'<script type="application/json" id="{name}">{drawn}</script>'
        f"<figcaption>{escape(chart.caption)}</figcaption>"
        f"<details><summary>Numbers</summary>{table(rows(chart), chart.title)}</details></figure>"
    )


def table(found: Table, caption: str) -> str:
    """Return rows, the head first, as a table that scrolls by itself."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in found[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in found[1:])
    return _scroll(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", caption)


def _scroll(inside: str, label: str) -> str:
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}">{inside}</div>'

"""What stands out in a checkpoint, in words: each finding with its numbers, the curve that shows it, what to try."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dash import html

from seqtoolkit.retention.finding import Finding
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.figures.memory import PROTOCOLS
from seqtoolkit_dashboard.pages import measured, older, parts
from seqtoolkit_dashboard.pages.gated import SIDES
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.view import View

_PROTOCOL = re.compile(rf"\b({'|'.join(PROTOCOLS)})\b")
_TRACE = re.compile(r"\w+, block (\d{1,4})")
_TITLE = "What stands out"
_NONE = "Nothing stands out: no threshold is passed."


def shown(index: RunIndex, runs: Sequence[Run], view: View, anchors: Mapping[str, str]) -> Any:
    """Return the findings of the checkpoint of each run that has been looked through; nothing where none has.

    `anchors` are links to the curves on the page, by protocol.
    """
    name = measured.stem(view)
    looked = [run for run in runs if name in index.probed(run, index.findings)]
    told = [_of_run(index, run, view, anchors, is_open=len(looked) == 1) for run in looked]
    return parts.card(_TITLE, *told) if told else None


def _of_run(index: RunIndex, run: Run, view: View, anchors: Mapping[str, str], is_open: bool) -> Any:
    name = measured.stem(view)
    try:
        found = index.read(run, name, index.findings)
    except (OSError, ValueError) as error:
        return html.P(f"{run.id}: {error}")
    there = replace(view, look=run.id, checkpoint=name)
    count = f"{len(found)} finding{'s' * (len(found) != 1)}"
    kinds = ", ".join(dict.fromkeys(one.kind.replace("_", " ") for one in found))
    of = f" of an older {name}.ckpt" if older.is_older(index, run, name, index.findings) else ""
    head = html.Summary([html.Strong(run.id), f" {name}: {count}{of}", html.Span(kinds, className="asks")])
    told = html.Ul([_told(one, there, anchors) for one in found]) if found else html.P(_NONE)
    return html.Details([head, told], open=is_open, className="findings")


def _told(one: Finding, there: View, anchors: Mapping[str, str]) -> Any:
    """Return a finding: what was seen, its numbers against their thresholds, where it shows, and what to try."""
    half = one.part in SIDES  # of an encoder-decoder
    seen = f"{SIDES[one.part]}: {one.text}" if half else one.text[:1].upper() + one.text[1:]
    there = replace(there, side=one.part) if half else there
    numbers = [f"{_words(name)} {value:.3g}{_limit(one, name)}" for name, value in one.numbers.items()]
    lines = [
        html.P(f"{seen}."),
        html.P([html.Span("Numbers: "), "; ".join(numbers)]),
        html.P([html.Span("Shown by: "), *_where(one.curve, there, anchors)]),
        html.P([html.Span("Try: "), one.next]),
    ]
    return html.Li(lines)


def _limit(one: Finding, name: str) -> str:
    return f" (threshold {one.thresholds[name]:.3g})" if name in one.thresholds else ""


def _where(curve: str, there: View, anchors: Mapping[str, str]) -> list[Any]:
    """Write what shows a finding, with links: to curves on this page, or to the layer whose gate it is."""
    if trace := _TRACE.fullmatch(curve):
        layer = replace(there, layer=int(trace[1]) + 1, unit=0)
        return [html.A(_words(curve), href="/gates" + layer.search())]
    pieces = _PROTOCOL.split(curve)
    return [html.A(text, href=anchors[text]) if text in anchors else text for text in pieces if text]


def _words(name: str) -> str:
    return name.replace("_", " ")

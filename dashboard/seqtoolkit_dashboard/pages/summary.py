"""What the Data page shows of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from seqtoolkit.data_record import Bins, DataSummary, Shown, Spread
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.figures.data import balance, histogram, sequences
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.theme import Scheme, visible

_LEVELS = ("Smallest", "5 %", "25 %", "Median", "75 %", "95 %", "Largest")
_SPLITS = {"train": "Training", "val": "Validation", "test": "Test"}
_KINDS = {
    "classes": "it chooses among classes",
    "values": "it predicts values",
    "quantiles": "it predicts quantiles of values",
    "labels": "it sets labels, several at a time",
}
KEPT = 40  # columns: as many as `data_summary.CHANNELS`, which is not imported here because it imports torch
_LAGS = "Steps from the input that decides an answer to that answer: so long a model must remember."
_FIRST = f"A run keeps the first {KEPT} at most."
_BATCH = "A few sequences as the model reads them. Blue, below a symbol: the answer that is asked for there."
_SERIES = "The beginnings of a few sequences in their own units; missing values are filled as in training."


def shown(found: DataSummary, run: Run, scheme: Scheme) -> Any:
    """Return everything below the controls."""
    sampled = f"Counted in {found.sampled:,} training sequences."
    most = f"{sampled} Of many, the most frequent."
    cards = [
        _bins(
            "Lengths",
            found.lengths,
            "length (steps)",
            "sequences",
            "Of all training sequences.",
            scheme,
        ),
        _bins("Lags", found.lags, "lag (steps back)", "answers", _LAGS, scheme),
        _bars("Classes", found.classes, "class", "answers", most, scheme),
        _bars("Labels", found.labels, "label", "share of steps", sampled, scheme),
        _bars("Symbols", found.symbols, "symbol that is read", "times", most, scheme),
    ]
    tables = [_spreads("Channels", found.channels), _spreads("Asked for", found.outputs)]
    return html.Div(
        [
            _sizes(found, run),
            html.Div([c for c in cards if c], className="maps"),
            *tables,
            _batch(found, scheme),
        ]
    )


def _sizes(found: DataSummary, run: Run) -> Any:
    """Return the splits as a table, and what is asked for."""
    body = [
        [_SPLITS.get(name, name), f"{size.get('examples', 0):,}", f"{size.get('batches', 0):,}"]
        for name, size in found.splits.items()
    ]
    says = f"{run.id} learns {found.task or 'a task of its own'}: {_KINDS.get(found.target, found.target)}."
    one = abs(found.supervised - 1) < 0.05
    count = f"{found.supervised:,.1f}".removesuffix(".0")
    steps = "one step is" if one else f"{count} steps are"
    asked = f" Of a sequence, {steps} asked for, on average."
    same = f" All sequences have {found.lengths.high[0]:,} steps." if len(found.lengths.count) == 1 else ""
    data = {"caption": "Splits", "head": ["Split", "Sequences", "Batches"], "body": body}
    return html.Div(
        [
            html.P(says + asked + same, className="lead"),
            html.Div(parts.table(data, 340), className="card sizes"),
        ]
    )


def _bins(title: str, bins: Bins, axis: str, unit: str, says: str, scheme: Scheme) -> Any:
    """Return a histogram; nothing where there is only one bin."""
    return (
        parts.card(title, parts.graph(histogram(bins, axis, unit, scheme), says))
        if len(bins.count) > 1
        else None
    )


def _bars(title: str, counts: Mapping[str, float], axis: str, unit: str, says: str, scheme: Scheme) -> Any:
    return parts.card(title, parts.graph(balance(counts, axis, unit, scheme), says)) if counts else None


def _spreads(title: str, columns: Sequence[Spread]) -> Any:
    """Return the quantiles of columns in their own units, which share no axis."""
    if not columns:
        return None
    none = ["–"] * len(_LEVELS)
    body = [
        [one.name, *([f"{value:.4g}" for value in one.quantiles] or none), f"{one.missing:.1%}"]
        for one in columns
    ]
    data = {"caption": title, "head": ["Name", *_LEVELS, "Missing"], "body": body}
    more = [html.P(_FIRST, className="lead")] if len(columns) >= KEPT else []
    return html.Div(html.Div([parts.table(data, 760), *more], className="card"), className="below")


def _batch(found: DataSummary, scheme: Scheme) -> Any:
    if not found.shown:
        return None
    if any(one.values for one in found.shown):
        drawn = parts.graph(sequences(found.shown, scheme), _SERIES + _left_out(found))
        return html.Div(parts.card("What sequences look like", drawn), className="below")
    rows = [
        html.Div([_symbols(one), html.Span(f"{one.length:,} steps", className="asks")]) for one in found.shown
    ]
    frame = html.Div(rows, className="batch", tabIndex=0, role="region", **parts.aria(label="Sequences"))
    body = html.Figure([frame, html.Figcaption(_BATCH)])
    return html.Div(parts.card("What a batch looks like", body), className="below")


def _left_out(found: DataSummary) -> str:
    """Say that there are more channels than are drawn, where there are."""
    drawn = sum(one.name in found.shown[0].values for one in found.channels)
    return f" Only the first {drawn} channels are drawn." if drawn < len(found.channels) else ""


def _symbols(one: Shown) -> Any:
    """Return symbols in a row, each with what is asked for at its step below."""
    cells = [
        html.Li([visible(name), html.B(visible(asked))], className="asked" if asked else "")
        for name, asked in zip(one.read, one.asked, strict=False)
    ]
    return html.Ol([*cells, *([html.Li("…")] if one.length > len(one.read) else [])])

"""Stored retention records as what is drawn: which curves, in which colours and lines, on which axes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from seqtoolkit.files import is_whole
from seqtoolkit.retention.record import Record
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.figures.memory import PROTOCOLS, Panel
from seqtoolkit_dashboard.figures.memory_traces import Curve
from seqtoolkit_dashboard.figures.shares import shares
from seqtoolkit_dashboard.pooled import Records, facets, twin
from seqtoolkit_dashboard.theme import DASHES, LineStyle, Scheme, line_styles

AXES = {"multiples": "Small multiples", "units": "By unit", "one": "One axis"}
SYMBOLS = ("circle", "square", "triangle-up", "cross", "x", "star")  # runs of one model share their colour
UNITS = {
    "R2": "held-out R²",
    "rho2": "squared correlation",
    "bits": "usable bits",
    "share kept": "share of the past that is kept",
}


def axes(name: str) -> str:
    """Return one of AXES; the first where the URL names none of them."""
    return name if name in AXES else "multiples"


def protocols(names: Sequence[str]) -> list[str]:
    """Return those of the protocols that are named."""
    return [name for name in PROTOCOLS if name in names]


def seeds(record: Record) -> list[int]:
    """Return the seeds that a record was measured with: several where it joins them (see `pooled`)."""
    found = record.settings.get("seeds")
    return [seed for seed in (found if isinstance(found, list) else [record.seed]) if is_whole(seed, 0)]


def curves(everyone: Sequence[Run], records: Records, scheme: Scheme) -> list[Curve]:
    """Return curves: the colour says the model, the line the protocol where there are several, the mark which run."""
    styles = line_styles(everyone, list({run.id: run for run, _ in records}.values()), scheme)
    several = len({record.protocol for _, record in records}) > 1
    groups = defaultdict[tuple[object, ...], list[Record]](list)
    for run, record in records:
        groups[_kind(run, record)].append(record)
    return [
        _curve(run, record, groups[_kind(run, record)], styles[run.id], several) for run, record in records
    ]


def panels(drawn: Sequence[Curve], on: str) -> list[Panel]:
    """Sort curves onto axes: by protocol and unit (multiples), by unit, or all scaled to shares (one)."""
    if on == "one":
        return [Panel("share of the largest distance from null", shares(drawn))]
    by: dict[tuple[str, str], list[Curve]] = {}
    for curve in sorted(drawn, key=_place):
        protocol = curve.record.protocol if on == "multiples" else ""
        by.setdefault((protocol, curve.record.unit), []).append(curve)
    return [Panel(UNITS.get(unit, unit), found) for (_, unit), found in by.items()]


def _place(curve: Curve) -> int:
    return list(PROTOCOLS).index(curve.record.protocol)


def _kind(run: Run, record: Record) -> tuple[object, ...]:
    return run.id, record.protocol, record.unit, twin(record)


def _curve(run: Run, record: Record, group: Sequence[Record], style: LineStyle, several: bool) -> Curve:
    """Name a curve by its run, and by what sets it apart from the others of its kind."""
    mark = SYMBOLS[DASHES.index(style.dash) % len(SYMBOLS)] + ("" if record is group[0] else "-open")
    told = [text for text in facets(record) if any(text not in facets(other) for other in group)]
    dash = PROTOCOLS[record.protocol].dash if several else style.dash
    return Curve(", ".join([run.id, *told]), record, replace(style, dash=dash), mark)

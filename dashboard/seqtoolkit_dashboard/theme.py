"""Colours, line styles and plot templates, light and dark; an architecture keeps its colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal
from zlib import crc32

import plotly.graph_objects as go

from seqtoolkit.runs import Run

Scheme = Literal["light", "dark"]
FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# Eight colours, found by maximising the smallest OKLab distance between any two under normal vision,
# protanopia, deuteranopia and tritanopia (at least 0.11, where 0.02 is just visible), each with a contrast of
# at least 3 : 1 to the page.
PALETTE: dict[Scheme, tuple[str, ...]] = {
    "light": ("#3c69c7", "#a60000", "#015b4f", "#301d0b", "#ad7900", "#c10a8e", "#009fca", "#51047a"),
    "dark": ("#15b7ff", "#ce4610", "#28836d", "#d7c4af", "#b3a800", "#e47fb7", "#9cffff", "#8b68cd"),
}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

# Even steps of OKLab lightness from the page to full strength: blue for attention, orange for influence.
RAMPS: dict[tuple[str, Scheme], tuple[str, ...]] = {
    ("attention", "light"): (
        "#fbfdff",
        "#cbe0f4",
        "#9bc2e8",
        "#6ca5d9",
        "#5286bb",
        "#39689e",
        "#214b82",
        "#0a2f66",
    ),
    ("influence", "light"): (
        "#fffdfa",
        "#f7d6c0",
        "#ecb086",
        "#de8949",
        "#bc6c37",
        "#9a5126",
        "#793716",
        "#5a1d06",
    ),
    ("attention", "dark"): (
        "#1d232d",
        "#253c58",
        "#2b5787",
        "#2f72b9",
        "#4d90d8",
        "#7cafe6",
        "#aacef3",
        "#d8ecff",
    ),
    ("influence", "dark"): (
        "#27211d",
        "#4f3423",
        "#7a4727",
        "#a85a27",
        "#d27131",
        "#e39a6b",
        "#f2c19f",
        "#ffe9d2",
    ),
}
INK: dict[Scheme, str] = {"light": "#1d2430", "dark": "#dfe3ea"}
MUTED: dict[Scheme, str] = {"light": "#566072", "dark": "#a3acba"}
GRID: dict[Scheme, str] = {"light": "#e6e9ee", "dark": "#31363f"}
SURFACE: dict[Scheme, str] = {"light": "#ffffff", "dark": "#1b1e24"}
UNSEEN: dict[Scheme, str] = {"light": "#eceff3", "dark": "#2b3039"}  # what a causal model cannot have read

MANTINE: dict[str, Any] = {
    "fontFamily": FONT,
    "primaryColor": "indigo",
    "primaryShade": {"light": 8, "dark": 8},  # white on these has a contrast above 4.5 : 1
    "defaultRadius": "md",
    "respectReducedMotion": True,
    "colors": {
        "dark": [
            "#dfe3ea",
            "#c3c9d3",
            "#a3acba",
            "#7d8797",
            "#3d434e",
            "#31363f",
            "#242830",
            "#1b1e24",
            "#15181d",
            "#101216",
        ]
    },
}


@dataclass(frozen=True)
class LineStyle:
    """How the curves of one run are drawn."""

    colour: str
    dash: str


def slots(architectures: Iterable[str]) -> dict[str, int]:
    """Give every architecture a place in the palette: its hash, or the next free one.

    A new architecture rarely moves another, and never one that comes before it in the alphabet.
    """
    size, taken = len(PALETTE["light"]), dict[str, int]()
    for arch in sorted(set(architectures)):
        first = crc32(arch.encode()) % size
        free = [(first + i) % size for i in range(size) if (first + i) % size not in taken.values()]
        taken[arch] = free[0] if free else first
    return taken


def line_styles(everyone: Iterable[Run], chosen: Sequence[Run], scheme: Scheme) -> dict[str, LineStyle]:
    """Give each chosen run a colour, and a dash where several of one kind of model share it.

    The colour is that of its architecture. Where the decoders of different models are of one architecture, the first
    by name keeps that colour and the others take the next that are free.
    """
    places = _label_slots(slots(run.arch for run in everyone), chosen)
    seen: dict[str, int] = {}
    styles = {}
    for run in chosen:
        count = seen[run.label] = seen.get(run.label, -1) + 1
        styles[run.id] = LineStyle(PALETTE[scheme][places[run.label]], DASHES[count % len(DASHES)])
    return styles


def _label_slots(architectures: dict[str, int], chosen: Sequence[Run]) -> dict[str, int]:
    size, places = len(PALETTE["light"]), dict[str, int]()
    kept = {architectures.get(run.arch, 0) for run in chosen}
    for label, arch in sorted({(run.label, run.arch) for run in chosen}):
        first = architectures.get(arch, 0)
        order = [first, *((first + i) % size for i in range(1, size) if (first + i) % size not in kept)]
        places[label] = next((slot for slot in order if slot not in places.values()), first)
    return places


def css_colour(slot: int) -> str:
    """Return the CSS colour of a place in the palette for both schemes."""
    return f"light-dark({PALETTE['light'][slot]}, {PALETTE['dark'][slot]})"


def faded(colour: str, opacity: float) -> str:
    """Return a hexadecimal colour with an opacity, as Plotly takes it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def plain(text: str) -> str:
    """Escape a text from a file for Plotly, which reads tags and %{...} in labels and hover templates."""
    return escape(text, quote=False).replace("%", "&#37;")


def visible(name: str) -> str:
    """Write the name of a symbol so that it can be seen, where it is a single space or control character.

    Control Pictures stand for the rare ones only: many a machine has no font for them.
    """
    if len(name) != 1 or ord(name) > 32:
        return name
    return {" ": "␣", "\n": "↵", "\t": "⇥"}.get(name, chr(0x2400 + ord(name)))


def template(scheme: Scheme) -> go.layout.Template:
    """Return the plot template of a colour scheme: quiet axes, no background of its own."""
    axis = {
        "gridcolor": GRID[scheme],
        "linecolor": MUTED[scheme],
        "tickcolor": MUTED[scheme],
        "zeroline": False,
        "automargin": True,
        "title": {"font": {"size": 13}, "standoff": 8},
    }
    layout = {
        "font": {"family": FONT, "size": 12, "color": INK[scheme]},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "xaxis": axis,
        "yaxis": axis,
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"},
        "hoverlabel": {"font": {"family": FONT, "color": INK[scheme]}, "bgcolor": SURFACE[scheme]},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": MUTED[scheme], "activecolor": INK[scheme]},
    }
    return go.layout.Template(layout=layout)

"""The tree that a beam search walked, from left to right: the best answer in full colour, dropped prefixes faint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import exp
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from seqtoolkit_dashboard.theme import GRID, INK, MUTED, RAMPS, SURFACE, Scheme, plain, template

if TYPE_CHECKING:
    from seqtoolkit.beam_tree import BeamNode

ROW, STEP = 25, 42  # pixels between two branches, and between two symbols
INSIDE = 3  # characters that fit into the mark of a node; longer names stand above it


@dataclass(frozen=True)
class _Kind:
    """How the nodes and the edges of one kind are drawn."""

    name: str
    fill: str
    edge: str
    ink: str
    width: float


def beam_tree(nodes: Sequence[BeamNode], scheme: Scheme) -> go.Figure:
    """Draw the nodes (parents first, the empty prefix at first), each at its depth."""
    heights = _heights(nodes)
    long = max(len(node.name) for node in nodes) > INSIDE
    figure = go.Figure()
    for kind, members in _kinds(nodes, scheme):
        figure.add_trace(_edges(nodes, members, heights, kind))
    for kind, members in _kinds(nodes, scheme):
        figure.add_trace(_marks(nodes, members, heights, kind, long))
    deepest = max(node.depth for node in nodes)
    figure.update_xaxes(title_text="symbols of the answer", range=[-0.6, deepest + 0.6], showgrid=False)
    figure.update_yaxes(visible=False, range=[max(heights) + 0.7, -0.9])
    height = int(ROW * (max(heights) + 1)) + 110
    return figure.update_layout(template=template(scheme), height=height, dragmode="pan", hovermode="closest")


def width(nodes: Sequence[BeamNode]) -> int:
    """Return the pixels below which the symbols of a tree would overlap."""
    longest = max(len(node.name) for node in nodes)
    return (
        max(STEP, 8 * longest + 8 if longest > INSIDE else 0) * (max(node.depth for node in nodes) + 1) + 40
    )


def _heights(nodes: Sequence[BeamNode]) -> list[float]:
    """Give the best answer the first line, and each branch off it the first line below that has room."""
    children: dict[int, list[int]] = {}
    for place, node in enumerate(nodes[1:], 1):
        children.setdefault(node.parent, []).append(place)
    for found in children.values():
        found.sort(key=lambda i: _order(nodes[i]))
    heights = [0.0] * len(nodes)
    taken: dict[int, list[tuple[float, float]]] = {}  # stretches of each line
    branches = [(0, -1)]  # where each begins, and the line that it leaves
    while branches:
        start, above = branches.pop()
        chain = [start]
        while chain[-1] in children:
            chain.append(children[chain[-1]][0])
        left, right = nodes[start].depth - 0.5, nodes[chain[-1]].depth + 0.4
        line = next(i for i in count(above + 1) if all(b < left or a > right for a, b in taken.get(i, [])))
        taken.setdefault(line, []).append((left, right))
        for between in range(above + 1, line):
            taken.setdefault(between, []).append((left, left))
        for place in chain:
            heights[place] = line
        branches += [(child, line) for place in chain for child in reversed(children.get(place, [])[1:])]
    return heights


def _order(node: BeamNode) -> tuple[int, float]:
    """Sort nodes by the answer that they lead to, then by how likely they are."""
    return (node.rank or 1000, -node.log_probability)


def _kinds(nodes: Sequence[BeamNode], scheme: Scheme) -> list[tuple[_Kind, list[int]]]:
    """Sort nodes into dropped ones, those that lead to an answer, and those of the best one."""
    strong, mild = RAMPS["attention", scheme][5], RAMPS["attention", scheme][2]
    kinds = (
        _Kind("dropped", SURFACE[scheme], GRID[scheme], MUTED[scheme], 1.5),
        _Kind("another answer", mild, mild, INK[scheme], 2.5),
        _Kind("best answer", strong, strong, SURFACE[scheme], 4.0),
    )
    of = [0 if node.rank == 0 else 2 if node.rank == 1 else 1 for node in nodes]
    sorted_out = [(kind, [i for i, k in enumerate(of) if k == which]) for which, kind in enumerate(kinds)]
    return [(kind, members) for kind, members in sorted_out if members]


def _edges(
    nodes: Sequence[BeamNode], members: Sequence[int], heights: Sequence[float], kind: _Kind
) -> go.Scatter:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for place in members:
        if (parent := nodes[place].parent) >= 0:
            start, turn = nodes[parent].depth, nodes[parent].depth + 0.5
            xs += [start, turn, turn, nodes[place].depth, None]
            ys += [heights[parent], heights[parent], heights[place], heights[place], None]
    line = {"color": kind.edge, "width": kind.width}
    return go.Scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _marks(
    nodes: Sequence[BeamNode], members: Sequence[int], heights: Sequence[float], kind: _Kind, long: bool
) -> go.Scatter:
    chosen = [nodes[place] for place in members]
    return go.Scatter(
        x=[node.depth for node in chosen],
        y=[heights[place] for place in members],
        text=[plain(node.name) for node in chosen],
        customdata=[_says(nodes, node) for node in chosen],
        name=kind.name,
        mode="markers+text",
        textposition="top center" if long else "middle center",
        textfont={"size": 11, "color": None if long else kind.ink},
        marker={
            "size": [8 if long or not node.name else 21 for node in chosen],
            "color": kind.fill,
            "line": {"width": 1.5, "color": kind.edge},
            "opacity": 1,
        },
        hovertemplate="%{customdata}<extra></extra>",
    )


def _says(nodes: Sequence[BeamNode], node: BeamNode) -> str:
    if not node.name:
        return "the beginning"
    share = exp(min(0.0, node.log_probability - nodes[node.parent].log_probability))
    ends = f"on the way to answer {node.rank}" if node.rank else "dropped"
    so_far = f"log probability so far {node.log_probability:.3f}"
    return f"{plain(node.name)} (target {node.depth}): <b>{share:.1%}</b> here<br>{so_far}<br>{ends}"

"""Which class was taken for which."""

from __future__ import annotations

import plotly.graph_objects as go

from seqtoolkit.quality import Confusion
from seqtoolkit_dashboard.theme import RAMPS, Scheme, plain, template

WRITTEN, TICKS = 16, 30  # classes up to which each cell is written, and each class is named


def confusion(record: Confusion, shares: bool, scheme: Scheme) -> go.Figure:
    """Draw counts, or shares of each true class; rows are true, columns answered."""
    totals = [sum(row) for row in record.counts]
    parts = [[n / (total or 1) for n in row] for row, total in zip(record.counts, totals, strict=True)]
    names = [plain(name) for name in record.classes]
    rows = zip(names, record.counts, parts, totals, strict=True)
    says = [
        [
            f"true {true}, answered {name}<br><b>{n:,}</b> of {total:,} ({part:.1%})"
            for name, n, part in zip(names, row, own, strict=True)
        ]
        for true, row, own, total in rows
    ]
    figure = go.Figure(
        go.Heatmap(
            z=parts if shares else record.counts,
            zmin=0,
            zmax=1 if shares else max(1, *(n for row in record.counts for n in row)),
            text=[[_short(value, shares) for value in row] for row in (parts if shares else record.counts)],
            texttemplate="%{text}" if len(names) <= WRITTEN else None,
            customdata=says,
            hovertemplate="%{customdata}<extra></extra>",
            colorscale=list(RAMPS["attention", scheme]),
            colorbar={
                "thickness": 8,
                "outlinewidth": 0,
                "ypad": 0,
                "nticks": 5,
                "tickformat": ".0%" if shares else "",
            },
            xgap=1,
            ygap=1,
        )
    )
    figure.update_xaxes(title_text="answered", showgrid=False, autotickangles=[0, 90], **_ticks(names))
    figure.update_yaxes(title_text="true", autorange="reversed", showgrid=False, **_ticks(names))
    height = min(max(30 * len(names), 150), 620) + 90
    return figure.update_layout(template=template(scheme), height=height, uirevision=f"{shares} {scheme}")


def _short(value: float, shares: bool) -> str:
    if not value:
        return ""
    return f"{value:.0%}" if shares else f"{value:,}"


def _ticks(names: list[str]) -> dict[str, object]:
    every = -(-len(names) // TICKS)
    return {"tickvals": list(range(0, len(names), every)), "ticktext": [name[:18] for name in names[::every]]}

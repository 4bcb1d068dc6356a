"""One example of a series: what was read, what came, and what was forecast, with its quantile bands."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqtoolkit.quality import Example
from seqtoolkit_dashboard.theme import INK, MUTED, Scheme, faded, plain, template

PANEL, LOW = 150, 90  # pixels: a forecast, and a channel that is only read
MOST = 6  # panels


def drawable(example: Example) -> bool:
    """Say whether an example has a series to draw."""
    return any(
        values for series in (example.past, example.future, example.forecast) for values in series.values()
    )


def left_out(example: Example) -> int:
    """Return how many outputs, or channels, have no panel."""
    return max(0, len(_names(example)) - MOST)


def _names(example: Example) -> list[str]:
    return list(example.forecast) or list(example.future) or list(example.past)


def forecast(example: Example, colour: str, scheme: Scheme) -> go.Figure:
    """Draw a panel for each output, or for each channel where nothing is forecast; the last step read is 0."""
    names = _names(example)[:MOST]
    figure = make_subplots(rows=len(names), shared_xaxes=True, vertical_spacing=0.2 / max(2, len(names)))
    for row, name in enumerate(names, 1):
        for trace in [*_bands(example, name, colour), *_lines(example, name, colour, scheme)]:
            trace.update(showlegend=row == 1 and bool(trace.name))
            figure.add_trace(trace, row=row, col=1)
        figure.update_yaxes(title_text=plain(name[:18]), nticks=4, row=row)
    ahead = bool(example.future or example.forecast)
    steps = "steps that are asked" if example.settings.get("steps") == "asked" else "steps ahead"
    figure.update_xaxes(title_text=steps if ahead else "step", row=len(names))
    height = (PANEL if ahead else LOW) * len(names) + 100
    return figure.update_layout(
        template=template(scheme), height=height, uirevision=f"{scheme} {example.index}"
    )


def _bands(example: Example, name: str, colour: str) -> list[go.Scatter]:
    """Return a band from the lowest quantile to the highest, from the second to the last but one, and so on."""
    levels, curves = example.quantiles, example.forecast.get(name, [])
    if len(levels) != len(curves):
        return []
    traces = []
    for low in range(len(levels) // 2):
        high = len(levels) - 1 - low
        same = {
            "x": _ahead(curves[low]),
            "mode": "lines",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "legendgroup": f"band {low}",
        }
        says, fill = f"{levels[high] - levels[low]:.0%} forecast band", faded(colour, 0.18)
        traces += [
            go.Scatter(y=curves[low], **same),
            go.Scatter(y=curves[high], fill="tonexty", fillcolor=fill, name=says, **same),
        ]
    return traces


def _lines(example: Example, name: str, colour: str, scheme: Scheme) -> list[go.Scatter]:
    found = []
    if past := example.past.get(name):
        steps = list(range(1 - len(past), 1))
        found.append(_line(steps, past, "read", MUTED[scheme], "solid", example.labels.get("past", [])))
    later = example.labels.get("future", [])
    if future := example.future.get(name):
        found.append(_line(_ahead(future), future, "truth", INK[scheme], "solid", later))
    if curves := example.forecast.get(name):
        middle, said = _middle(example.quantiles, curves)
        found.append(_line(_ahead(middle), middle, said, colour, "dash", later))
    return found


def _middle(levels: Sequence[float], curves: Sequence[Sequence[float]]) -> tuple[Sequence[float], str]:
    """Return the curve that stands for a forecast, as measures take it: of quantiles the one nearest the median."""
    if len(levels) != len(curves):
        return curves[0], "forecast"
    place = min(range(len(levels)), key=lambda i: abs(levels[i] - 0.5))
    return curves[place], "median forecast" if levels[place] == 0.5 else f"{levels[place]:.0%} quantile"


def _line(
    steps: Sequence[int],
    values: Sequence[float | None],
    name: str,
    colour: str,
    dash: str,
    labels: Sequence[str],
) -> go.Scatter:
    times = [f" ({plain(label)})" for label in labels] if len(labels) == len(values) else [""] * len(values)
    return go.Scatter(
        x=list(steps),
        y=list(values),
        name=name,
        legendgroup=name,
        customdata=times,
        mode="lines+markers" if len(values) == 1 else "lines",
        line={"color": colour, "dash": dash, "width": 2},
        hovertemplate=f"{name}, step %{{x}}%{{customdata}}: %{{y:.4~g}}<extra></extra>",
    )


def _ahead(values: Sequence[object]) -> list[int]:
    return list(range(1, len(values) + 1))

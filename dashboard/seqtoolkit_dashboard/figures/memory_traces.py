"""The lines of a retention curve: itself, its band, its null, its horizon, and keys of the legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from seqtoolkit.retention.record import Record
from seqtoolkit_dashboard.theme import MUTED, LineStyle, Scheme, faded, plain
from seqtoolkit_dashboard.view import Scale

FAINT = 0.5  # opacity of an untrained twin


@dataclass(frozen=True)
class Curve:
    """The retention record of one run."""

    label: str
    record: Record
    style: LineStyle
    symbol: str = "circle"

    @property
    def twin(self) -> bool:
        """Whether it is of the untrained twin of the run's model."""
        return self.record.settings.get("twin") is True


def line(curve: Curve, named: bool) -> go.Scatter:
    """Draw the estimates; a twin is thin, faint and without marks, and stands in the legend with all others."""
    record, twin = curve.record, curve.twin
    name = plain(curve.label) + (", untrained" if twin else "")
    value = "<b>%{y:.3~g}</b> [%{customdata[0]:.3~g}, %{customdata[1]:.3~g}]"
    return go.Scatter(
        x=record.lags,
        y=record.estimate,
        customdata=list(zip(record.lower, record.upper, record.n, strict=True)),
        name=name,
        legendgroup="twins" if twin else curve.label,
        showlegend=named,
        mode="lines" if twin else "lines+markers",
        line={
            "color": faded(curve.style.colour, FAINT if twin else 1.0),
            "dash": curve.style.dash,
            "width": 1.5 if twin else 2.5,
        },
        marker={"size": 6, "symbol": curve.symbol},
        hovertemplate=(
            f"{name}<br>{record.protocol}, lag %{{x}}: {value}, n = %{{customdata[2]:,}}<extra></extra>"
        ),
    )


def band(curve: Curve) -> list[go.Scatter]:
    """Return the 95 % band as two invisible lines with the space between them filled."""
    record, edge, fill = curve.record, {"width": 0}, faded(curve.style.colour, 0.16)
    same = {
        "x": record.lags,
        "mode": "lines",
        "legendgroup": curve.label,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    return [
        go.Scatter(y=record.lower, line=edge, **same),
        go.Scatter(y=record.upper, line=edge, fill="tonexty", fillcolor=fill, **same),
    ]


def chance(curves: Sequence[Curve], scheme: Scheme, named: bool, several: bool) -> list[go.Scatter]:
    """Draw what a model without memory reaches: one grey line where all agree, else one for each curve."""
    levels = {level for curve in curves for level in curve.record.null}
    word = "chance" if all(curve.record.unit == "accuracy" for curve in curves) and not several else "null"
    if max(levels) - min(levels) < 1e-6:
        lags = [lag for curve in curves for lag in curve.record.lags]
        return [_dotted([min(lags), max(lags)], [max(levels)] * 2, word, MUTED[scheme], named)]
    own = [curve for curve in curves if not curve.twin] or list(curves)
    if several or len(own) > 4:  # too many for a legend
        both = [
            _dotted(c.record.lags, c.record.null, f"{word}, {c.label}", c.style.colour, False) for c in own
        ]
        return [*both, _dotted([None], [None], word, MUTED[scheme], named)]
    return [_dotted(c.record.lags, c.record.null, f"{word}, {c.label}", c.style.colour, named) for c in own]


def horizon(curve: Curve, row: int, scale: Scale, several: bool) -> list[go.Scatter]:
    """Draw an interval and its estimate; an arrow says that the horizon lies beyond the longest lag."""
    found, left = curve.record.horizon, min(curve.record.lags)
    assert found is not None
    name = plain(curve.label) + (f", {curve.record.protocol}" if several else "")
    says = f"{name}<br>horizon {found}<extra></extra>"
    place = {"legendgroup": curve.label, "showlegend": False, "hovertemplate": says, "cliponaxis": False}
    lower, at, upper = (
        max(lag, left, 1) if scale == "log" else lag for lag in (found.lower, found.estimate, found.upper)
    )
    interval = go.Scatter(x=[lower, upper], y=[row, row], mode="lines", **place)
    mark = go.Scatter(x=[at], y=[row], mode="markers+text", **place)
    side = "right" if at < max(curve.record.lags) / 2 else "left"  # towards the middle of the picture
    mark.update(text=[f"{name}: {found}"], textposition=f"top {side}")
    mark.update(marker={"symbol": "arrow-right" if found.censored else "diamond", "size": 13})
    return [
        interval.update(line_color=curve.style.colour, line_width=3),
        mark.update(marker_color=curve.style.colour),
    ]


def protocol_key(name: str, dash: str, scheme: Scheme) -> go.Scatter:
    """Say in the legend which line is of which protocol."""
    return _key(name, {"color": MUTED[scheme], "dash": dash, "width": 2.5})


def twin_key(scheme: Scheme) -> go.Scatter:
    """Say in the legend that faint lines are of untrained twins; a click there hides them."""
    key = _key("untrained twin", {"color": faded(MUTED[scheme], FAINT), "width": 1.5})
    return key.update(legendgroup="twins")


def _key(name: str, style: dict[str, object]) -> go.Scatter:
    return go.Scatter(x=[None], y=[None], name=name, mode="lines", line=style, hoverinfo="skip")


def _dotted(
    xs: Sequence[float | None], ys: Sequence[float | None], name: str, colour: str, named: bool
) -> go.Scatter:
    return go.Scatter(
        x=list(xs),
        y=list(ys),
        name=plain(name),
        mode="lines",
        showlegend=named,
        line={"color": colour, "dash": "dot", "width": 1.5},
        hovertemplate=f"{plain(name)}: %{{y:.3~g}}<extra></extra>",
    )

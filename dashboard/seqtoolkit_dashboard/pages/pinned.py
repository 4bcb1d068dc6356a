"""The pinned target symbol: what its models look at and what changes it, as bars over the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

if TYPE_CHECKING:
    import numpy as np

    from seqtoolkit.alignment_inspection import AlignmentInspection


def pinned_row(
    first: AlignmentInspection, second: AlignmentInspection | None, view: View, scheme: Scheme
) -> Any:
    """Return the pinned row as bars, or how to pin one."""
    from seqtoolkit_dashboard.figures.alignment import Row, row_bars

    row = view.row - 1
    if not 0 <= row < len(first.target):
        return html.P("Click a row of a map to pin its target symbol.", className="lead hint")
    names = ("", "") if second is None else ("first", "second")
    rows = [
        Row(
            name,
            seen.source,
            None if seen.weights is None else head_of(seen.weights, view.head)[row],
            seen.influence[row],
        )
        for name, seen in zip(names, (first, second), strict=True)
        if seen is not None
    ]
    title = f"Target symbol {row + 1}: {first.target[row]}"
    says = _line(first, row, view.head) if second is None else ""
    return html.Div(
        parts.card(title, parts.graph(row_bars(rows, scheme), says)),
        className="row",
    )


def _line(seen: AlignmentInspection, row: int, head: int) -> str:
    """Say what is known of one target symbol."""
    import numpy as np

    says = f"Probability {float(np.exp(seen.log_probability[row])):.3f}."
    if seen.entropy is None or seen.agreement is None:
        return says
    entropy, agreement = (float(head_of(part, head)[row]) for part in (seen.entropy, seen.agreement))
    agrees = f"{agreement:+.2f}" if np.isfinite(agreement) else "not defined"
    return f"{says} Entropy {entropy:.2f} nats, rank correlation with influence {agrees}."


def head_of(weights: np.ndarray, head: int) -> np.ndarray:
    """Return one head (from 1) of values (H, ...), or the mean of all (0)."""
    chosen: np.ndarray = weights.mean(0) if head == 0 else weights[min(head, len(weights)) - 1]
    return chosen

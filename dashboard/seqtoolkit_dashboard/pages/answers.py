"""The best answers of a beam search with its tree, and what was measured of each head over a whole split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.pages.picture import CONFIG, save
from seqtoolkit_dashboard.theme import Scheme

if TYPE_CHECKING:
    from seqtoolkit.alignment_inspection import AlignmentInspection

_QUANTITIES = {
    "entropy": "Entropy (nats)",
    "gold_share": "Weight on the gold alignment",
    "faithfulness": "Faithfulness (rank correlation with influence)",
}
_TREE = "Every prefix that was followed: the best answer in strong colour, dropped ones only outlined."


def answers(name: str, seen: AlignmentInspection, scheme: Scheme) -> Any:
    """Return the n best answers of one model as a table, and below it the tree of their search."""
    body = [
        [
            str(rank),
            one.text or "(empty)",
            f"{one.score:.3f}",
            f"{one.log_probability:.3f}",
            "yes" if one.ended else "no",
        ]
        for rank, one in enumerate(seen.n_best, 1)
    ]
    head = ["Rank", "Answer", "Score", "Log probability (nats)", "Ended?"]
    listed = _table(f"Best answers{name}", head, body, 520)
    return html.Section([listed, _tree(seen, scheme)], className="card answers")


def _tree(seen: AlignmentInspection, scheme: Scheme) -> Any:
    """Return the tree; a long one scrolls sideways."""
    from seqtoolkit_dashboard.figures.beam import beam_tree, width

    if len(seen.tree) < 2:
        return None
    figure = beam_tree(seen.tree, scheme)
    style = {"height": figure.layout.height, "minWidth": width(seen.tree)}
    plot = dcc.Graph(figure=figure, config=CONFIG, responsive=True, style=style)
    frame = html.Div(plot, className="sideways", tabIndex=0, role="region", **parts.aria(label="Beam tree"))
    return html.Figure([frame, html.Figcaption(_TREE), save()])


def measured(records: Sequence[AlignmentRecord]) -> Any:
    """Return what a test left of each head: the estimate, its interval, what chance gives, and n."""
    body = [
        [
            str(record.head + 1),
            _QUANTITIES[record.quantity],
            f"{record.estimate:.3f}",
            f"{record.lower:.3f} to {record.upper:.3f}",
            f"{record.null:.3f}",
            f"{record.n:,}",
        ]
        for record in sorted(records, key=lambda record: (record.quantity, record.head))
    ]
    if not body:
        return None
    head = ["Head", "Quantity", "Mean", "95 % interval", "By chance", "n"]
    return html.Section(_table("Over the whole split", head, body, 620), className="card answers")


def _table(caption: str, head: list[str], body: list[list[str]], width: int) -> Any:
    data = {"caption": caption, "head": head, "body": body}
    return parts.table(data, width)

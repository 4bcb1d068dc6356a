"""What the Alignment page shows of one inspection or of two: maps, their difference, the pinned row, the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.pages import answers, opening, parts
from seqtoolkit_dashboard.pages.picture import CONFIG, save
from seqtoolkit_dashboard.pages.pinned import head_of, pinned_row
from seqtoolkit_dashboard.runs import RunIndex
from seqtoolkit_dashboard.theme import Scheme
from seqtoolkit_dashboard.view import View

if TYPE_CHECKING:
    import numpy as np
    import plotly.graph_objects as go

    from seqtoolkit.alignment_inspection import AlignmentInspection
    from seqtoolkit_dashboard.figures.alignment import Kind, Symbols

_INFLUENCE = "How much the symbol's prediction changes (KL, in nats) when this source symbol is replaced."


@dataclass(frozen=True)
class Aligned:
    """What was seen: the first reading, and perhaps a second one of the same answer."""

    text: str
    first: AlignmentInspection
    second: AlignmentInspection | None = None
    edited: str = ""  # the source of the second

    @property
    def heads(self) -> int:
        """How many heads the first model has."""
        return 0 if self.first.weights is None else len(self.first.weights)


def view_of(aligned: Aligned, view: View, scheme: Scheme, records: Sequence[AlignmentRecord]) -> Any:
    """Return everything below the controls."""
    second = aligned.second
    maps = _one(aligned.first, view, scheme) if second is None else _two(aligned, second, view, scheme)
    found = [answers.answers("" if second is None else " of the first", aligned.first, scheme)]
    if second is not None:
        found = [html.Div([*found, answers.answers(" of the second", second, scheme)], className="maps")]
    below = [pinned_row(aligned.first, second, view, scheme), *found, answers.measured(records)]
    return html.Div([_answer(aligned, view), maps, *below])


def stored(index: RunIndex, view: View) -> list[AlignmentRecord]:
    """Return what was measured over a whole split with the first checkpoint; nothing where that cannot be read."""
    run = opening.run_named(index, view.look)
    try:
        return index.read(run, view.checkpoint, index.alignments) if run else []
    except (OSError, ValueError):
        return []


def _answer(aligned: Aligned, view: View) -> Any:
    """Say what was answered, and why there may be no attention to see."""
    first, second = aligned.first, aligned.second
    lines = [
        html.P(["Answer: ", html.Code(first.n_best[0].text or "(empty)"), _says(first)], className="lead")
    ]
    if second is not None:
        own = html.Code(second.n_best[0].text or "(empty)")
        lines.append(
            html.P(
                ["The second reads the same answer", _says(second), "; its own is ", own], className="lead"
            )
        )
    if first.weights is None:
        link = html.A("Attention page", href="/attention" + view.search())
        reason = "This model has no attention to a source; its influence shows what it uses. What it attends to within"
        lines.append(html.P([reason, " its layers, if anything, is on the ", link, "."], className="lead"))
    return html.Div(lines, className="answer")


def _says(seen: AlignmentInspection) -> str:
    return f" (log probability {float(seen.log_probability.sum()):.3f})"


def _one(seen: AlignmentInspection, view: View, scheme: Scheme) -> Any:
    """Return a map for each head, or one, and the influence beside them."""
    cards = []
    if seen.weights is not None:
        top = float(seen.weights.max())
        heads = range(len(seen.weights)) if view.head == 0 else [min(view.head, len(seen.weights)) - 1]
        cards = [
            _card(
                f"Attention, head {head + 1}",
                _map(seen.weights[head], seen, "attention", top, view, scheme, f"first-{head}", head),
                _judged(seen, head + 1),
            )
            for head in heads
        ]
    top = float(max(seen.influence.max(), 1e-9))
    influence = _map(seen.influence, seen, "influence", top, view, scheme, "first-influence")
    return html.Div([*cards, _card("Influence", influence, _INFLUENCE)], className="maps")


def _judged(seen: AlignmentInspection, head: int) -> str:
    """Say how sharp and how honest a head is (from 1), or all of them on average (0)."""
    import numpy as np

    faithfulness = seen.faithfulness()
    if seen.entropy is None or faithfulness is None:
        return ""
    which = (
        slice(None) if head == 0 else slice(min(head, len(faithfulness)) - 1, min(head, len(faithfulness)))
    )
    entropy, honest = seen.entropy[which], faithfulness[which]
    finite = honest[np.isfinite(honest)]
    agrees = f"{float(finite.mean()):+.2f}" if len(finite) else "not defined"
    sharp = f"{float(entropy.mean()):.2f} nats (uniform: {float(np.log(len(seen.source))):.2f})"
    return f"Entropy {sharp}. Faithfulness, the rank correlation with influence: {agrees}."


def _two(aligned: Aligned, second: AlignmentInspection, view: View, scheme: Scheme) -> Any:
    """Return the maps of both readings and their difference: of a head, or of the mean of all, and of influence."""
    first, rows = aligned.first, []
    if first.weights is not None and second.weights is not None:
        title = (
            f"Attention, head {view.head}"
            if view.head
            else "Attention" + ", mean of heads" * (aligned.heads > 1)
        )
        pair = (head_of(first.weights, view.head), head_of(second.weights, view.head))
        rows += [html.H2(title), _three("attention", pair, aligned, second, view, scheme)]
    elif first.weights is not None or second.weights is not None:
        rows.append(html.P("Only one of these models has attention; both have influence.", className="lead"))
    pair = (first.influence, second.influence)
    return html.Div([*rows, html.H2("Influence"), _three("influence", pair, aligned, second, view, scheme)])


def _three(
    kind: Kind,
    pair: tuple[np.ndarray, np.ndarray],
    aligned: Aligned,
    second: AlignmentInspection,
    view: View,
    scheme: Scheme,
) -> Any:
    from seqtoolkit_dashboard.figures.alignment import difference_map

    one, other = pair
    top, names = float(max(one.max(), other.max(), 1e-9)), _names(aligned, view)
    cards = [
        _card(
            name,
            _map(values, seen, kind, top, view, scheme, f"{which}-{kind}"),
            _judged(seen, view.head) if kind == "attention" else "",
        )
        for which, name, values, seen in (
            ("first", names[0], one, aligned.first),
            ("second", names[1], other, second),
        )
    ]
    if one.shape == other.shape:
        drawn = difference_map(other - one, _symbols(aligned.first, view), kind, scheme)
        says = "Blue: more in the second. Orange: more in the first."
        cards.append(_card("Second minus first", _graph(drawn, f"difference-{kind}"), says))
    else:
        counts = f"The sources have {one.shape[1]} and {other.shape[1]} symbols"
        says = f"{counts}: there is a difference only between sources of as many. Replace symbols, add none."
        cards.append(parts.card("Second minus first", html.P(says, className="lead")))
    return html.Div(cards, className="maps three")


def _names(aligned: Aligned, view: View) -> tuple[str, str]:
    """Name both readings by what differs between them: the model, the source, or both."""
    one, other = [], []
    if view.other:
        one.append(f"{view.look} {view.checkpoint}")
        other.append(f"{view.other} {view.other_checkpoint}")
    if aligned.edited != aligned.text:
        one.append(aligned.text)
        other.append(aligned.edited)
    return f"First: {', '.join(one)}", f"Second: {', '.join(other)}"


def _map(
    values: np.ndarray,
    seen: AlignmentInspection,
    kind: Kind,
    top: float,
    view: View,
    scheme: Scheme,
    name: str,
    head: int | None = None,
) -> Any:
    from seqtoolkit_dashboard.figures.alignment import alignment_map

    return _graph(alignment_map(values, _symbols(seen, view, head), kind, top, scheme), name)


def _symbols(seen: AlignmentInspection, view: View, head: int | None = None) -> Symbols:
    """Return the axes of a map; hover adds the entropy of each row of one head."""
    from seqtoolkit_dashboard.figures.alignment import Symbols

    says = [""] * len(seen.target)
    if seen.entropy is not None and head is not None:
        says = [f"entropy {value:.2f} nats" for value in seen.entropy[head].tolist()]
    return Symbols(seen.source, seen.target, says, view.row)


def _graph(figure: go.Figure, name: str) -> Any:
    """Return a map whose rows can be clicked."""
    style = {"height": figure.layout.height}
    return dcc.Graph(id=ids.alignment_map(name), figure=figure, config=CONFIG, responsive=True, style=style)


def _card(title: str, plot: Any, caption: str) -> Any:
    return parts.card(title, html.Figure([plot, html.Figcaption(caption) if caption else None, save()]))

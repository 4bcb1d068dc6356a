"""What the Compare page shows of one comparison: advice, quality against costs, the memory need, table, failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from seqtoolkit.compare import table as compare_table
from seqtoolkit.retention.record import Record
from seqtoolkit_dashboard.figures.compare import Point, Value, against, context
from seqtoolkit_dashboard.pages import judged, parts
from seqtoolkit_dashboard.theme import Scheme

Values = Mapping[str, Any]
COSTS = {
    "parameters": ("Parameters", "parameters"),
    "seconds": ("Training time", "training time (s, median over seeds)"),
    "latency": ("Prediction latency", "one more step of one sequence (ms)"),
    "state_bytes": ("State size", "state of one sequence (bytes)"),
    "horizon": ("Measured horizon", "horizon (steps back)"),
}
_ENDS, _CENSORED = ("estimate", "lower", "upper"), ("censored", "upper_censored")
_SAYS = "Bars: 95 % intervals, over seeds where there are several, else over examples. Faint: each seed."
_CONTEXT = (
    "The loss when only so many of the latest inputs are read: where it stops falling, more context"
    " does not help. Shaded: 95 % interval. Dotted: with earlier inputs of another target in place of its own."
)


def shown(found: Values, colours: Mapping[str, str], runs: Any, scheme: Scheme) -> Any:
    """Return everything below the controls.

    Args:
        found: the content of compare.json.
        colours: of each architecture.
        runs: how to look into the runs themselves.
        scheme: light or dark.

    Raises ValueError, LookupError, ArithmeticError, TypeError or AttributeError when it is not what
    `seqtoolkit compare` writes.
    """
    cards = [_against(name, found, colours, scheme) for name in COSTS]
    return html.Div(
        [
            _advice(found),
            html.Div([card for card in cards if card], className="maps"),
            _memory(found, colours, scheme),
            _table(found),
            _failed(found),
            runs,
        ],
        className="stack",
    )


def _advice(found: Values) -> Any:
    """Return the recommendation with its reasons and its doubts, or how far it is."""
    advice = found["recommendation"]
    if not advice:
        seeds = [seed["status"] for one in found["architectures"] for seed in one["seeds"]]
        done = f"{seeds.count('finished')} of {len(seeds)} trainings are finished"
        return parts.card(
            f"Not yet: {found['status']}", html.P(f"{done}; the recommendation stands here at the end.")
        )
    title = f"Use {advice['arch']}" if advice["arch"] else str(advice["text"])
    reasons = html.Ul([html.Li(str(text)) for text in advice["reasons"]])
    doubts = (
        [html.H3("But"), html.Ul([html.Li(str(text)) for text in advice["doubts"]])]
        if advice["doubts"]
        else []
    )
    return parts.card(title, reasons, *doubts)


def _against(name: str, found: Values, colours: Mapping[str, str], scheme: Scheme) -> Any:
    """Return the picture of quality against one cost, of the architectures of which both are known."""
    measure = found["measure"]
    points = [
        Point(one["arch"], cost, quality, _seeds(one, name, cost), colours[one["arch"]])
        for one in found["architectures"]
        if one["quality"] is not None
        and (cost := _value(one[name]))
        and (quality := _quality(one["quality"]))
    ]
    if not points:
        return None
    title, axis = COSTS[name]
    better = "higher" if measure["mode"] == "max" else "lower"
    drawn = against(points, axis, f"{judged.title(measure['name'])} ({better} is better)", scheme)
    says = f"Quality in {measure['unit']}. {_SAYS}" if measure["unit"] != measure["name"] else _SAYS
    return parts.card(f"Quality against {title.lower()}", parts.graph(drawn, says))


def _value(found: Any) -> Value | None:
    """Return a number, or one with its interval; None where it was not measured."""
    if isinstance(found, Mapping):
        return Value(*(found[end] for end in _ENDS), *(bool(found.get(name)) for name in _CENSORED))
    return None if found is None else Value(found)


def _quality(value: Values) -> Value:
    ends = ("lower", "upper") if value["lower"] is not None else ("examples_lower", "examples_upper")
    return Value(value["estimate"], *(value[end] for end in ends))


def _seeds(one: Values, name: str, cost: Value) -> list[tuple[float, float]]:
    """Return the cost and the quality of each seed; only the time is known of each."""
    return [
        (
            (seed["seconds"] or cost.estimate) if name == "seconds" else cost.estimate,
            seed["quality"]["estimate"],
        )
        for seed in one["seeds"]
        if seed["quality"] is not None
    ]


def _memory(found: Values, colours: Mapping[str, str], scheme: Scheme) -> Any:
    """Return the loss against the available context, and how much the data need."""
    curves = [
        (one["arch"], _record(one["memory"]), colours[one["arch"]])
        for one in found["architectures"]
        if one["memory"] is not None
    ]
    if not curves:
        return None
    need, says = found["memory_need"], []
    if need is not None:
        shows = f"steps of context, as {need['arch']} shows, which has the lowest loss."
        says = [html.P(f"These data need {_value(need)} {shows}")]
    return parts.card("Memory need of the data", *says, parts.graph(context(curves, scheme), _CONTEXT))


def _record(memory: Values) -> Record:
    names = ("unit", "lags", "estimate", "lower", "upper", "null")
    kept = {name: memory[name] for name in names}
    counts = [0] * len(memory["lags"])  # sequences behind each are not stored there
    return Record.from_dict({**kept, "protocol": "truncation", "n": counts, "horizon": memory["context"]})


def _table(found: Values) -> Any:
    """Return the table that `seqtoolkit compare` prints, and how it was measured."""
    plain = dict(found)
    rows: Sequence[Sequence[str]] = [compare_table.row(one) for one in plain["architectures"]]
    names = compare_table.columns(plain)
    if measure := plain["measure"]:
        names = tuple(name.replace(measure["name"], judged.title(measure["name"])) for name in names)
    head = [name[:1].upper() + name[1:] for name in names]
    data = {"caption": "All numbers", "head": head, "body": [list(row) for row in rows]}
    return html.Div(
        [parts.table(data, 1150), html.P(compare_table.how(plain), className="lead")], className="card"
    )


def _failed(found: Values) -> Any:
    """Return the trainings that failed, and what could not be measured; nothing when all went well."""
    body = [
        [one["arch"], f"seed {seed['seed']}", str(seed["error"] or "it was not tested")]
        for one in found["architectures"]
        for seed in one["seeds"]
        if seed["status"] == "failed" or (seed["quality"] is None and found["status"] == "finished")
    ]
    body += [
        [one["arch"], f"rate {rate['rate']:g}", str(rate["error"])]
        for one in found["architectures"]
        for rate in one["rates"]
        if rate["status"] == "failed"
    ]
    body += [
        [one["arch"], what, str(why)]
        for one in found["architectures"]
        for what, why in one["skipped"].items()
    ]
    if not body:
        return None
    data = {"caption": "Failed or left out", "head": ["Architecture", "What", "Why"], "body": body}
    return html.Div(parts.table(data, 600), className="card")

"""What the Quality page shows of measures: a picture for each, errors by step ahead, and all numbers as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from seqtoolkit.files import is_number
from seqtoolkit.quality import Quality
from seqtoolkit.runs import Run
from seqtoolkit_dashboard.figures.quality import Judged, by_step, measure
from seqtoolkit_dashboard.pages import parts
from seqtoolkit_dashboard.theme import DASHES, MUTED, LineStyle, Scheme

Records = Sequence[tuple[Run, Quality]]
_SAYS = "Bars: 95 % intervals. Dotted: the baseline that is named above."
_HEAD = ("Run", "Architecture", "Measure", "Value", "95 % interval", "Baseline", "Its value", "Skill", "n")
_SHORT = ("mae", "mse", "rmse", "per", "wer", "nll")
_SKILL = "Skill: 1 is perfect, 0 no better than the baseline. Its 95 % interval is that of the pairs."


def pictures(records: Records, styles: Mapping[str, LineStyle], scheme: Scheme) -> list[Any]:
    """Return a card for each measure and unit, and one for each that is known step by step."""
    cards = []
    for (name, _), found in _by_measure(records).items():
        judged = [Judged(run, of_run, styles[run]) for run, of_run in found.items()]
        cards.append(parts.card(title(name), parts.graph(measure(judged, scheme), _SAYS)))
        if curves := _curves(found, styles, scheme):
            unit = next(iter(found.values()))[0].unit
            drawn = by_step(curves, unit, scheme)
            says = "The further ahead, the harder. Grey: what needs no model that learns."
            cards.append(parts.card(f"{title(name)} by step ahead", parts.graph(drawn, says)))
    return cards


def table(records: Records) -> Any:
    """Return every measure of every run, with its baseline and skill."""
    body = [
        [
            run.id,
            run.label,
            _measured(one),
            f"{one.estimate:.4g}",
            f"{one.lower:.4g} to {one.upper:.4g}",
            one.baseline or "–",
            "–" if one.baseline_estimate is None else f"{one.baseline_estimate:.4g}",
            _skill(one),
            f"{one.n:,}",
        ]
        for run, one in records
    ]
    data = {"caption": "Quality", "head": list(_HEAD), "body": body}
    return html.Div([parts.table(data, 1000), html.P(_SKILL, className="lead")], className="card")


def _by_measure(records: Records) -> dict[tuple[str, str], dict[str, list[Quality]]]:
    """Group records by measure and unit, then by run: one for each baseline."""
    groups: dict[tuple[str, str], dict[str, list[Quality]]] = {}
    for run, record in records:
        groups.setdefault((record.measure, record.unit), {}).setdefault(run.id, []).append(record)
    return groups


def _curves(
    found: Mapping[str, Sequence[Quality]], styles: Mapping[str, LineStyle], scheme: Scheme
) -> list[tuple[str, str, list[float], LineStyle]]:
    """Return the errors by step of each model, and once those of the baselines, which are of the same split.

    A baseline has the line that it has in the picture of the measure (see `measure`).
    """
    curves, drawn = [], set[str]()
    names = list(dict.fromkeys(one.baseline for records in found.values() for one in records if one.baseline))
    for run, records in found.items():
        steps = records[0].settings.get("by_step")
        for name, values in steps.items() if isinstance(steps, dict) else []:
            if not isinstance(values, list) or not values or not all(map(is_number, values)):
                continue
            if name == "model":
                curves.append((run, name, values, styles[run]))
            elif name not in drawn:
                drawn.add(name)
                names += [] if name in names else [name]
                dash = DASHES[2 + names.index(name) % 4]
                curves.append((run, name, values, LineStyle(MUTED[scheme], dash)))
    return curves


def title(name: str) -> str:
    """Write the name of a measure as it stands in titles."""
    words = name.replace("_", " ").replace("f1", "F1")
    first, space, rest = words.partition(" ")
    return (first.upper() if first in _SHORT else first[:1].upper() + first[1:]) + space + rest


def _measured(one: Quality) -> str:
    """Write a measure and its unit, and of a distance from a nominal coverage what was covered."""
    covered, nominal = one.settings.get("covered"), one.settings.get("nominal")
    told = f": {covered:.3g} of {nominal:.3g} covered" if is_number(covered) and is_number(nominal) else ""
    return title(one.measure) + (f" ({one.unit})" if one.unit != one.measure else "") + told


def _skill(one: Quality) -> str:
    if one.skill is None:
        return "–"
    bounds = f" [{one.skill_lower:.3f}, {one.skill_upper:.3f}]" if one.skill_lower is not None else ""
    return f"{one.skill:.3f}{bounds}"

"""Captions of the Memory page: truncation has an effective context, not a lag above a threshold, and its own null."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from seqtoolkit_dashboard.figures.memory import PROTOCOLS
from seqtoolkit_dashboard.figures.memory_traces import Curve
from seqtoolkit_dashboard.pages import bands, horizons
from seqtoolkit_dashboard.theme import LineStyle

from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.runs import Run
from tests.dashboard.retention_folders import protocol_records


def curves(*names: str) -> list[Curve]:
    found = [Record.from_dict(one) for one in protocol_records("lstm", untrained=False)]
    style = LineStyle("#3c69c7", "solid")
    return [Curve("a", record, style) for record in found if record.protocol in names]


def test_the_horizon_of_truncation_is_the_effective_context() -> None:
    alone = bands.horizons(curves("truncation"))
    assert alone.startswith(
        "Below: the effective context, the least context from which on the loss stays within 1 %"
    )
    assert "above the threshold" not in alone
    assert bands.horizons(curves("recall")).startswith("Below: the horizon, the largest lag")
    both = bands.horizons(curves("recall", "truncation"))
    assert "effective context" in both
    assert "the horizon, the largest lag" in both


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["recall"], "Dotted: what a model without memory reaches."),
        (["gradient"], "Dotted: the least that the arithmetic resolves."),
        (["truncation"], "Dotted: the loss when what lies further back belongs to another target."),
        (list(PROTOCOLS), "Dotted: the null of each protocol."),
    ],
)
def test_each_null_is_said(names: list[str], told: str) -> None:
    assert bands.dotted(curves(*names)) == told


def test_a_censored_context_is_one_that_is_not_enough() -> None:
    run = Run(Path("a"), "a", "finished", arch="lstm")
    horizon = Horizon(128, 96, 128, censored=True, upper_censored=True)
    found = [(run, replace(curve.record, horizon=horizon)) for curve in curves("recall", "truncation")]
    shown = str(horizons.table(found, "best", ()))
    assert "yes: no context is enough, up to 128" in shown
    assert "yes: above the threshold at every lag, up to 128" in shown

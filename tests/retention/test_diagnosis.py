"""Diagnosis on curves that were made up: each finding from the numbers it is about, and none from a healthy model."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqtoolkit.retention.diagnosis import diagnose
from seqtoolkit.retention.finding import Finding
from seqtoolkit.retention.record import Horizon, Record
from seqtoolkit.retention.traces import summarise
from seqtoolkit.retention.units import Units
from seqtoolkit.retention.view import View

LAGS = [1, 2, 4, 8]
UNITS = {
    "decoding": "R2",
    "influence": "nats",
    "gradient": "log10 norm",
    "truncation": "nats",
    "recall": "accuracy",
}


def record(
    protocol: str, estimate: list[float], horizon: Horizon | None = None, band: float = 0.01, **more: Any
) -> Record:
    return Record(
        protocol, UNITS[protocol], LAGS, estimate, [e - band for e in estimate], [e + band for e in estimate],
        [0.0] * 4, [99] * 4, horizon, seed=more.pop("seed", 0), settings=more,
    )  # fmt: skip


def at(lag: int, censored: bool = False) -> Horizon:
    return Horizon(lag, lag, lag, censored, censored)


HEALTHY = [
    record("decoding", [0.9, 0.8, 0.5, 0.0], at(4)),
    record("decoding", [0.5, 0.1, 0.0, 0.0], at(2), twin=True),
    record("influence", [0.9, 0.5, 0.1, 0.0], at(4)),
    record("gradient", [0.0, -0.1, -0.3, -0.9]),
    record("truncation", [2.0, 1.5, 1.0, 1.0], at(4)),
    record("truncation", [3.0, 3.0, 3.0, 3.0], at(1), twin=True),
]
QUIET = [Units(0, "forget_gate", 16, open=4, shut=2), Units(0, "hidden", 16, constant=1, dead=1)]


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    assert finding.next
    assert str(finding).startswith(finding.text)
    assert set(finding.thresholds) <= set(finding.numbers)
    return finding


def test_a_healthy_model_has_no_findings() -> None:
    assert diagnose(HEALTHY, QUIET) == []
    assert diagnose([]) == []


@pytest.mark.parametrize(
    ("units", "kind", "number"),
    [
        (Units(1, "forget_gate", 16, open=12), "gate_open", 0.75),
        (Units(1, "input_gate", 16, shut=9), "gate_shut", 9 / 16),
        (Units(1, "reset_gate", 10, shut=10), "gate_shut", 1.0),
        (Units(1, "hidden", 16, constant=4, dead=4), "units_dead", 0.25),
        (Units(1, "cell", 16, constant=4), "units_constant", 0.25),
    ],
)
def test_units_that_decide_or_carry_nothing(units: Units, kind: str, number: float) -> None:
    finding = only(diagnose(HEALTHY, [*QUIET, units]))
    assert (finding.kind, finding.curve) == (kind, f"{units.name}, block 1")
    assert finding.numbers["share"] == number
    assert f"{number:.0%}" in finding.text


@pytest.mark.parametrize(
    ("logs", "kind", "change"),
    [([0.0, -1.0, -3.0, -7.0], "gradient_vanishes", -7.0), ([0.0, 0.5, 1.0, 1.5], "gradient_explodes", 1.5)],
)
def test_gradients_that_vanish_or_explode(logs: list[float], kind: str, change: float) -> None:
    finding = only(diagnose([record("gradient", logs)]))
    assert (finding.kind, finding.curve) == (kind, "gradient")
    assert finding.numbers["slope"] == pytest.approx(change / 7)
    assert finding.numbers["log10_change"] == change
    limited = only(diagnose([record("gradient", logs, below_floor=[8])]))
    assert ("less than" in limited.text) == (kind == "gradient_vanishes")


def test_present_but_unused() -> None:
    finding = only(
        diagnose([record("decoding", [1.0] * 4, at(4)), record("influence", [1.0, 0.0, 0.0, 0.0], at(1))])
    )
    assert finding.kind == "present_unused"
    assert (finding.numbers["decoding_lower"], finding.numbers["influence_upper"]) == (4, 1)


def test_used_but_not_linearly_decodable() -> None:
    finding = only(
        diagnose([record("decoding", [1.0, 0, 0, 0], at(1)), record("influence", [1.0, 1, 1, 0], at(4))])
    )
    assert finding.kind == "used_not_decodable"
    assert (finding.numbers["influence_lower"], finding.numbers["decoding_upper"]) == (4, 1)


def test_a_trace_that_is_surely_there_is_decodable_though_its_horizon_is_zero() -> None:
    weak = record("decoding", [0.9, 0.09, 0.09, 0.09], at(1))
    assert diagnose([weak, record("influence", [1.0] * 4, at(8))]) == []
    gone = record("decoding", [0.9, 0.09, 0.0, 0.09], at(1))
    finding = only(diagnose([gone, record("influence", [1.0] * 4, at(8))]))
    assert (finding.kind, finding.numbers["decoding_above_null"]) == ("used_not_decodable", 2)
    assert "beyond lag 2 no linear readout" in finding.text


def test_fewer_sequences_than_features_are_said() -> None:
    few = record("decoding", [1.0] * 4, at(2), sequences={"train": 60}, features=200)
    finding = only(diagnose([few]))
    assert (finding.kind, finding.numbers) == ("few_sequences", {"sequences": 60, "features": 200})
    assert "--sequences 400" in finding.next
    assert diagnose([record("decoding", [1.0] * 4, at(2), sequences={"train": 200}, features=200)]) == []


def test_intervals_that_overlap_do_not_disagree() -> None:
    wide = Horizon(4, 1, 8, False)
    assert diagnose([record("decoding", [1.0] * 4, wide), record("influence", [1.0] * 4, at(2))]) == []


@pytest.mark.parametrize("protocol", ["decoding", "recall"])
def test_a_censored_horizon(protocol: str) -> None:
    finding = only(diagnose([record(protocol, [1.0] * 4, at(8, censored=True))]))
    assert (finding.kind, finding.curve, finding.numbers["longest"]) == ("censored", protocol, 8)
    assert ("--lags 1:32 --steps 64" in finding.next) == (protocol == "decoding")


@pytest.mark.parametrize(
    ("protocol", "same", "better"),
    [("decoding", [0.5, 0.2, 0.0, 0.0], 0.3), ("truncation", [2.0, 2.0, 1.5, 1.5], -0.3)],
)
def test_nothing_learned_beyond_the_twin(protocol: str, same: list[float], better: float) -> None:
    twin = record(protocol, same, at(2), twin=True)
    finding = only(diagnose([record(protocol, same, at(2)), twin]))
    assert (finding.kind, finding.curve) == ("like_twin", f"{protocol} beside the twin")
    assert finding.numbers[protocol] == pytest.approx(-0.02)
    assert diagnose([record(protocol, [same[0] + better, *same[1:]], at(2)), twin]) == []
    assert diagnose([record(protocol, [same[0] - better, *same[1:]], at(2)), twin])[0].kind == "like_twin"


def test_a_model_that_is_ahead_in_anything_has_learned() -> None:
    curves = [record("recall", [1.0] * 4, at(8)), record("recall", [0.1] * 4, at(0), twin=True)]
    curves += [record("decoding", [0.2] * 4, at(1)), record("decoding", [0.5] * 4, at(4), twin=True)]
    assert diagnose(curves) == []


def test_curves_like_the_twin_are_one_finding() -> None:
    curves = [record(protocol, [0.5] * 4, at(1), twin=twin) for protocol in UNITS for twin in (False, True)]
    finding = only(diagnose(curves))
    assert list(finding.numbers) == ["decoding", "influence", "recall", "truncation"]
    assert "-0.02 R2 in decoding, -0.02 nats in influence" in finding.text


def test_seeds_are_pooled() -> None:
    curves = [record("decoding", [1.0] * 4, at(lag), seed=lag) for lag in (2, 4, 8)]
    used = [record("influence", [1.0] * 4, at(lag), seed=lag) for lag in (1, 1, 2)]
    assert diagnose(curves + used) == []  # one of each says the same
    assert only(diagnose(curves[1:] + used[:2])).kind == "present_unused"


def test_units_are_counted() -> None:
    steps = torch.linspace(0, 1, 50).expand(4, -1)
    gate = torch.stack([torch.ones(4, 50), torch.zeros(4, 50), steps, steps], -1)
    hidden = torch.stack([torch.ones(4, 50), torch.zeros(4, 50), steps, -steps], -1)
    traces: list[dict[str, Tensor]] = [{"forget_gate": gate, "hidden": hidden, "query": gate}, {}]
    still = View(
        nn.Linear(1, 1), "model", 4, 2, 0, lambda x: x, lambda x, state: (x, state), None, lambda _: traces
    )
    assert summarise(still, torch.zeros(4, 50)) == [
        Units(0, "forget_gate", 4, open=1, shut=1),
        Units(0, "hidden", 4, constant=2, dead=1),
    ]

"""The article's study: every rule that chooses a sentence, on numbers for each side of it."""

from __future__ import annotations

import importlib
import re
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.alignment_record import AlignmentRecord
from seqtoolkit.retention.record import Horizon

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def _load(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return importlib.import_module(name)


rules, cost, timing = _load("article_rules"), _load("article_cost"), _load("timing")


def at(estimate: int, lower: int | None = None, upper: int | None = None, longest: int = 1024) -> Horizon:
    low, high = lower if lower is not None else estimate, upper if upper is not None else estimate
    return Horizon(estimate, low, high, estimate == longest, high == longest)


@pytest.mark.parametrize(
    ("horizons", "status", "says"),
    [
        ([], "open", "No RNN"),
        ([at(12, 8, 16), at(8, 6, 12), at(16, 12, 16)], "contradicts", "sooner"),
        ([at(0), at(0)], "open", "learned the task in 0 of 2"),
        ([at(0), at(8, 6, 12)], "contradicts", "sooner"),
        ([at(96, 64, 128)], "contradicts", "further"),
        ([at(1024, 1024, 1024)], "contradicts", "at least 1024 .* further"),
        ([at(32, 16, 48), at(24, 16, 32)], "agrees", "about 30"),
        ([at(32, 24, 32), at(8, 6, 12)], "open", "neither near 30"),
        ([at(16, 12, 24)], "open", "neither near 30"),
    ],
)
def test_when_the_rnn_forgets(horizons: list[Horizon], status: str, says: str) -> None:
    verdict = rules.forgetting(horizons, 128)
    assert verdict.status == status
    _match(verdict.text, says)


def test_lags_that_were_never_asked_for_need_not_be_carried() -> None:
    assert rules.forgetting([at(8, 6, 12)], 8).status == "open"
    assert rules.forgetting([at(1024)], 8).status == "contradicts"
    assert (
        rules.forgetting([at(32, 24, 32), at(24)], 32).status == "open"
    )  # one keeps all that it was asked for
    assert rules.forgetting([at(24), at(24)], 32).status == "agrees"
    assert rules.forgetting([at(64), at(48)], 32).status == "contradicts"


def _match(text: str, pattern: str) -> None:
    assert re.search(pattern, text), text


def test_a_spread_holds_the_interval_of_every_seed() -> None:
    assert rules.spread([at(12, 8, 16), at(8, 6, 12), at(16, 12, 24)]) == "12 [6, 24]"
    assert rules.spread([at(1024), at(64, 48, 96)]) == "at least 544 [48, 1024+]"


NAMES = ("LSTM", "GRU")


@pytest.mark.parametrize(
    ("pairs", "status", "says"),
    [
        ([], "open", "not both measured"),
        ([(at(1024), at(1024))] * 3, "agrees", "LSTM 3/3, GRU 3/3"),
        ([(at(1024), at(64, 48, 96))] * 3, "open", "3 do not decide it; 6 would be"),
        ([(at(1024), at(64, 48, 96))] * 6, "contradicts", "LSTM carries further"),
        ([(at(64, 48, 96), at(1024))] * 6, "contradicts", "GRU carries further"),
        ([(at(64, 48, 96), at(96, 64, 128))] * 6, "open", "LSTM 0/6, GRU 0/6"),
    ],
)
def test_whether_two_differ(pairs: list[tuple[Horizon, Horizon]], status: str, says: str) -> None:
    verdict = rules.differ(NAMES, pairs, 128)
    assert verdict.status == status
    _match(verdict.text, says)


def test_horizons_beyond_the_longest_lag_are_not_beaten() -> None:
    pairs = [(at(1024), Horizon(512, 256, 1024, False, True))] * 6
    assert rules.differ(NAMES, pairs, 128).status == "agrees"


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_sign_test_is_exact_and_symmetric(first: int, second: int) -> None:
    n = first + second
    heads = [bin(i).count("1") for i in range(2**n)] if n <= 10 else None
    p = rules.sign_test(first, second)
    assert p == rules.sign_test(second, first)
    assert 0 < p <= 1
    if heads is not None and n:
        expected = min(1.0, 2 * sum(count >= max(first, second) for count in heads) / 2**n)
        assert p == pytest.approx(expected)


def test_what_the_gru_saves_is_counted() -> None:
    assert rules.saves(cost.saving("gru", "lstm")).status == "agrees"
    verdict = rules.saves(cost.saving("rnn", "lstm"))
    assert verdict.status == "contradicts"
    assert "1/4" in verdict.text
    assert rules.saves([Fraction(3, 4), Fraction(2, 3)]).status == "contradicts"


@pytest.mark.parametrize(
    ("horizons", "status"),
    [
        ([], "open"),
        ([at(0)] * 3, "open"),
        ([at(1024)], "agrees"),
        ([at(128, 96, 192), at(192, 128, 256)], "partly"),
        ([at(128, 96, 192), at(48, 32, 64)], "contradicts"),
        ([at(96, 64, 128)], "open"),
    ],
)
def test_whether_attention_forgets(horizons: list[Horizon], status: str) -> None:
    assert rules.attention_carries(horizons, 128).status == status


@pytest.mark.parametrize(
    ("growth", "status", "says"),
    [
        ((1.9, 1.8, 2.1), "agrees", "T\\^2"),
        ((1.4, 1.3, 1.5), "partly", "more slowly"),
        ((2.4, 2.3, 2.5), "contradicts", "faster"),
        ((1.999, 1.999, 1.999), "agrees", "2.00"),
    ],
)
def test_how_a_cost_grows(growth: tuple[float, float, float], status: str, says: str) -> None:
    verdict = rules.grows("Time", growth, 2)
    assert verdict.status == status
    _match(verdict.text, says)


@given(st.floats(0.0, 3.0), st.floats(1e-6, 1e3))
def test_the_power_of_a_power_law_is_found(power: float, factor: float) -> None:
    steps = [64, 128, 256, 512]
    found = timing.exponent(steps, [[factor * step**power] * 3 for step in steps])
    assert found == pytest.approx((power, power, power), abs=1e-6)
    assert "-0.00" not in timing.power(found)


def head(estimate: float, lower: float, above: float = 0.1) -> AlignmentRecord:
    settings = {"null_interval": [-above, above]}
    return AlignmentRecord(0, "faithfulness", estimate, lower, estimate, 0.0, 50, settings=settings)


@pytest.mark.parametrize(
    ("records", "status"),
    [
        ([], "open"),
        ([head(0.9, 0.8), head(0.8, 0.7)], "agrees"),
        ([head(0.4, 0.3), head(0.5, 0.4)], "partly"),
        ([head(0.9, 0.8), head(0.9, 0.05)], "partly"),
        ([head(0.0, -0.1), head(0.0, -0.1), head(0.9, 0.8)], "contradicts"),
    ],
)
def test_whether_maps_are_honest(records: list[AlignmentRecord], status: str) -> None:
    assert rules.honest(records).status == status


def test_errors_of_pairs_are_compared_by_their_differences() -> None:
    assert rules.better(NAMES, ([], []), "error").status == "open"
    assert rules.better(NAMES, ([0.1], [0.2]), "error").status == "open"  # one seed: no interval
    assert rules.better(NAMES, ([0.1, 0.11, 0.1], [0.2, 0.21, 0.2]), "error").text.endswith("LSTM errs less.")
    assert rules.better(NAMES, ([0.1, 0.3, 0.1], [0.2, 0.2, 0.2]), "error").status == "open"
    mean, low, high = rules.paired([1.0, 2.0, 4.0], [0.0, 0.0, 0.0])
    half = 4.302653 * np.std([1, 2, 4], ddof=1) / 3**0.5
    assert (mean, low, high) == pytest.approx((7 / 3, 7 / 3 - half, 7 / 3 + half))


def test_how_many_times_as_much_one_needs() -> None:
    told = rules.times("Training", NAMES, ([4.0, 6.0, 8.0], [2.0, 3.0, 4.0]), 4096).text
    assert told == "Training at T = 4,096: LSTM needs 2 [1, 4] times as much as GRU."
    assert "needs 4,096 times" in rules.times("State", NAMES, ([4096.0], [1.0]), 4096).text
    assert "needs 1.5 times" in rules.times("State", NAMES, ([3.0], [2.0]), 8).text


def test_protocols_that_disagree_are_named() -> None:
    found = {"decoding": [at(64, 48, 96)], "recall": [at(8, 6, 12)], "influence": []}
    assert rules.disagreement(found) == "decoding reaches 64 [48, 96] steps, recall only 8 [6, 12]"
    assert rules.disagreement({"recall": [at(8)], "decoding": [at(8)]}) == ""
    assert rules.disagreement({"recall": [at(8)]}) == ""

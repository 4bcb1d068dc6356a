"""Horizons of several seeds and checkpoints: pooled, subtracted in pairs, and shown with what is not known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seqtoolkit import retention_table
from seqtoolkit.retention.comparison import difference, pool, seed_difference, solved
from seqtoolkit.retention.record import Horizon, Record


def at(estimate: int, band: int = 1, censored: bool = False) -> Horizon:
    return Horizon(estimate, estimate - band, estimate + band, censored, censored)


def record(horizon: Horizon | None, seed: int = 0, protocol: str = "decoding", **settings: object) -> Record:
    return Record(
        protocol, "R2", [1], [0.5], [0.0], [1.0], [0.0], [9], horizon, seed=seed, settings=dict(settings)
    )


def test_pooled_horizons_hold_every_seed() -> None:
    assert pool([at(4)]) == at(4)
    assert pool([at(9), at(4), at(6)]) == Horizon(6, 3, 10, False)
    assert pool([at(8, 0, censored=True), at(4), at(8, 0, censored=True)]) == Horizon(8, 3, 8, True, True)
    assert solved([at(4), at(1), Horizon(0, 0, 0, False)]) == "1/3"


def test_a_difference_has_the_width_of_both() -> None:
    found = difference([record(at(10, 3))], [record(at(4, 4))])
    assert found is not None
    assert (found.estimate, found.lower, found.upper, found.pairs) == (6, 1, 11, 1)
    assert str(found) == "+6 [+1, +11]"
    twice = difference([record(at(10, 3), s) for s in (0, 1)], [record(at(4, 4), s) for s in (0, 1, 2)])
    assert twice is not None
    assert (twice.estimate, twice.pairs) == (6, 2)
    assert twice.upper - twice.estimate == pytest.approx(5 / math.sqrt(2))


def test_nothing_to_pair_is_nothing() -> None:
    assert difference([record(at(4), seed=1)], [record(at(4), seed=2)]) is None
    assert difference([record(None)], [record(at(4))]) is None


def test_beyond_a_censored_horizon_everything_is_possible() -> None:
    known, beyond = [record(at(4))], [record(at(8, 0, censored=True))]
    up, down = difference(beyond, known), difference(known, beyond)
    assert up is not None
    assert down is not None
    assert (up.upper, down.lower) == (math.inf, -math.inf)
    assert str(up) == "about +4 [+3, ∞]"
    assert str(down) == "about -4 [-∞, -3]"


def test_the_interval_covers_the_difference() -> None:
    """Two horizons, each measured with its own normal error and its own 95 % interval."""
    random, hits = np.random.default_rng(0), 0
    for _ in range(400):
        a, b = round(random.normal(400, 20)), round(random.normal(300, 10))
        found = difference([record(at(a, 39))], [record(at(b, 20))])
        assert found is not None
        hits += found.lower <= 100 <= found.upper
    assert 0.92 <= hits / 400 <= 0.98


def test_architectures_are_paired_by_their_training_seeds() -> None:
    ours, theirs = {seed: at(20 + seed) for seed in range(4)}, {seed: at(10) for seed in range(4)}
    found = seed_difference(ours, theirs)
    assert found is not None
    assert (found.estimate, found.pairs) == (11.5, 4)
    assert found.upper - found.estimate == pytest.approx(3.1824 * math.sqrt(5 / 3) / 2, abs=1e-3)
    same = seed_difference(theirs, theirs)
    assert same is not None
    assert same.lower < 0 < same.upper  # seeds that agree do not make a measurement exact
    assert seed_difference(ours, {**theirs, 3: at(1)}) is None
    assert seed_difference({0: at(4)}, {0: at(4)}) is None


def test_the_table_of_architectures() -> None:
    def run(model: str, seed: int, horizon: Horizon) -> retention_table.Measured:
        return retention_table.Measured(f"{model}-{seed}", [record(horizon)], model, seed)

    gru = [run("gru", seed, at(10 + seed)) for seed in range(3)]
    lstm = [run("lstm", seed, at(20)) for seed in range(3)]
    rnn = [run("rnn", seed, Horizon(0, 0, 0, False)) for seed in range(2)]
    shown = retention_table.architectures([*gru, *lstm, *rnn]).splitlines()
    assert [line.split()[:3] for line in shown[2:]] == [
        ["decoding", "gru", "3/3"], ["decoding", "lstm", "3/3"], ["decoding", "rnn", "0/2"],
    ]  # fmt: skip
    assert "10, 11, 12" in shown[2]
    assert "+9 [" in shown[3]
    assert "not all solved" in shown[4]
    assert retention_table.architectures(gru) == ""
    assert retention_table.architectures([gru[0], lstm[0]]) == ""


def test_what_the_first_run_was_not_measured_in_is_compared_with_the_next() -> None:
    def run(model: str, *protocols: str) -> retention_table.Measured:
        return retention_table.Measured(model, [record(at(8), protocol=name) for name in protocols], model, 0)

    runs = [run("rnn", "decoding"), run("lstm", "decoding", "timescale"), run("gru", "timescale", "decoding")]
    for some in (runs, runs[::-1]):
        rows = [line.split()[:2] for line in retention_table.comparison(some).splitlines()[2:]]
        assert {tuple(row) for row in rows} == {
            ("decoding", "rnn"), ("decoding", "lstm"), ("decoding", "gru"), ("timescale", "lstm"), ("timescale", "gru"),
        }  # fmt: skip
    found = [(one["protocol"], one["checkpoint"], one["than"]) for one in retention_table.differences(runs)]
    assert found == [("decoding", "lstm", "rnn"), ("decoding", "gru", "rnn"), ("timescale", "gru", "lstm")]


def test_the_table_of_one_checkpoint() -> None:
    capacity = {"estimate": 3.0, "lower": 2.0, "upper": 4.0, "complete": True}
    records = [
        record(at(4)), record(at(6), seed=1), record(at(1), twin=True),
        Record("decoding", "rho2", [1], [0.5], [0], [1], [0], [9], seed=0, settings={"capacity": capacity}),
    ]  # fmt: skip
    row = retention_table.horizons(retention_table.Measured("x", records)).splitlines()[2]
    assert row.split("  ")[0] == "decoding"
    assert "4 [3, 7]" in row
    assert "MC 3 [2, 4]" in row
    assert "1 [0, 2]" in row

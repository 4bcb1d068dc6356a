"""decoding reads known models correctly, and none has more capacity than its features have directions."""

from __future__ import annotations

import numpy as np
import pytest

from seqtoolkit.retention.decoding import decoding
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.record import Record
from tests.retention.decoded import by_unit, gru
from tests.retention.known import anything, constant, delay_line, leaky, leaky_curve, rank

A = 0.8


def test_a_delay_line_is_read_exactly() -> None:
    seen, lags = delay_line(6), list(range(10))
    records = by_unit(decoding(seen, drive(seen, 160, 40, 0), lags))
    for unit in ("R2", "rho2"):
        record = records[unit]
        assert record.estimate[:6] == pytest.approx([1] * 6, abs=1e-6)
        assert record.estimate[6:] == pytest.approx([0] * 4, abs=0.02)
        assert record.null == pytest.approx([0] * 10, abs=0.02)
        assert (record.horizon.lower, record.horizon.upper) == (5, 5)  # type: ignore[union-attr]
        assert Record.from_dict(record.to_dict()) == record
    capacity = records["rho2"].settings["capacity"]
    assert capacity["estimate"] == pytest.approx(6, abs=0.03)
    assert (capacity["rank"], capacity["complete"]) == (6, True)


def test_a_delay_line_of_tokens_is_read_exactly() -> None:
    seen, lags = delay_line(3, symbols=5), [0, 1, 2, 3, 6]
    records = by_unit(decoding(seen, drive(seen, 160, 40, 0), lags))
    assert list(records) == ["accuracy", "bits", "R2", "rho2"]
    assert records["accuracy"].estimate[:3] == [1, 1, 1]
    assert records["accuracy"].estimate[3:] == pytest.approx([0.2, 0.2], abs=0.05)
    assert records["accuracy"].null == pytest.approx([0.2] * 5)
    assert records["bits"].estimate == pytest.approx([np.log2(5)] * 3 + [0, 0], abs=0.02)
    assert [str(record.horizon) for record in records.values()] == ["2 [2, 2]"] * 4
    assert records["rho2"].settings["capacity"]["estimate"] == pytest.approx(12, abs=0.05)


@pytest.mark.parametrize("symbols", [0, 4])
def test_a_constant_model_is_at_chance_everywhere(symbols: int) -> None:
    seen = constant(symbols)
    for record in decoding(seen, drive(seen, 130, 20, 0), [0, 1, 2, 4]):
        assert record.estimate == pytest.approx(record.null, abs=0.05)
        assert (record.horizon.estimate, record.horizon.lower, record.horizon.upper) == (0, 0, 0)  # type: ignore[union-attr]
    assert record.settings["capacity"]["estimate"] == record.settings["rank"] == 0


def test_a_leaky_unit_has_the_curve_of_its_formula_and_a_capacity_of_one() -> None:
    seen, lags = leaky(A), list(range(25))
    record = by_unit(decoding(seen, drive(seen, 800, 60, 0), lags))["rho2"]
    assert record.estimate == pytest.approx(leaky_curve(A, lags).tolist(), abs=0.03)
    capacity = record.settings["capacity"]
    assert capacity["lower"] <= 1 <= capacity["upper"]
    assert capacity["estimate"] == pytest.approx(1, abs=0.1)  # the tail below the null counts as 0
    assert capacity["rank"] == 1


def test_no_model_has_more_capacity_than_its_features_have_directions() -> None:
    """Random models of five kinds (METHODS 3); some come near: the law is no idle one."""
    shares = []
    for seed in range(40):
        seen = anything(seed)
        inputs = drive(seen, 160, 64, 1_000 + seed)
        capacity = by_unit(decoding(seen, inputs, list(range(24))))["rho2"].settings["capacity"]
        known = rank(seen, inputs)
        assert capacity["estimate"] <= known <= seen.width
        assert capacity["estimate"] <= capacity["rank"] <= seen.width
        shares.append(capacity["estimate"] / known)
    assert max(shares) > 0.8


def test_the_seed_decides_and_training_mode_is_given_back() -> None:
    seen = gru()
    seen.model.train()
    tokens = drive(seen, 130, 16, 0)
    assert decoding(seen, tokens, [0, 2], seed=1) == decoding(seen, tokens, [0, 2], seed=1)
    assert decoding(seen, tokens, [0, 2], seed=1) != decoding(seen, tokens, [0, 2], seed=2)
    assert all(module.training for module in seen.model.modules())

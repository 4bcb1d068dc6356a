"""Records of lengths and alignments: to disk and back, and what a hostile file is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtoolkit.retention.alignment_record import QUANTITIES, AlignmentRecord
from seqtoolkit.retention.length_record import MEASURES, LengthRecord
from seqtoolkit.retention.record import Record

LENGTH = LengthRecord(
    measure="chrf",
    unit="chrF2",
    low=[1, 4],
    high=[3, 9],
    estimate=[80.5, 70.0],
    lower=[78.0, 60.0],
    upper=[81.0, 75.0],
    n=[120, 30],
    seed=3,
    settings={"beams": 4},
)
ALIGNMENT = AlignmentRecord(0, "faithfulness", 0.6, 0.5, 0.7, 0.01, 200, settings={"draws": 8})
NUMBERS = st.floats(-1e6, 1e6)


@given(
    st.sampled_from(MEASURES),
    st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, st.integers(0, 10**6)), max_size=9),
)
def test_length_records_survive_a_file(measure: str, rows: list[tuple[float, float, float, int]]) -> None:
    values = [sorted(row[:3]) for row in rows]
    bounds = list(range(len(rows)))
    record = LengthRecord(
        measure=measure,
        unit="",
        low=[2 * bound for bound in bounds],
        high=[2 * bound + 1 for bound in bounds],
        estimate=[value[1] for value in values],
        lower=[value[0] for value in values],
        upper=[value[2] for value in values],
        n=[row[3] for row in rows],
    )
    assert LengthRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


@given(st.sampled_from(QUANTITIES), st.tuples(NUMBERS, NUMBERS, NUMBERS), NUMBERS, st.integers(1, 10**6))
def test_alignment_records_survive_a_file(
    quantity: str, values: tuple[float, float, float], null: float, n: int
) -> None:
    low, estimate, high = sorted(values)
    record = AlignmentRecord(2, quantity, estimate, low, high, null, n, seed=1)
    assert AlignmentRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"measure": "accuracy"}, "'measure' must be one of sequence_accuracy, .* found 'accuracy'"),
        ({"measure": ["chrf"]}, "'measure' must be one of"),
        ({"unit": 1}, "'unit' must be a text, found 1"),
        ({"low": "12"}, "'low' must be a list of whole numbers"),
        ({"low": [1, 4.5]}, "'low' must be"),
        ({"high": [3, True]}, "'high' must be"),
        ({"high": [3, -9]}, "'high' must be"),
        ({"low": [4, 1], "high": [9, 3]}, "'low' and 'high' must be bins"),
        ({"low": [1, 3]}, "'low' and 'high' must be bins of lengths, ascending and apart"),
        ({"estimate": [80.5]}, "'estimate' must be a list of numbers, one for each bin"),
        ({"estimate": [80.5, float("nan")]}, "'estimate'"),
        ({"lower": [78.0, None]}, "'lower'"),
        ({"lower": [78.0, 71.0]}, "'estimate' must lie between"),
        ({"upper": [80.0, 75.0]}, "'estimate' must lie between"),
        ({"n": [120, "30"]}, "'n' must be a list of whole numbers"),
        ({"seed": 1.5}, "'seed' must be a whole number or null"),
        ({"settings": []}, "'settings' must be an object"),
        ({"evil": 1}, r"unknown fields \['evil'\]"),
    ],
)
def test_damaged_length_records_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"length record: {message}"):
        LengthRecord.from_dict({**LENGTH.to_dict(), **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"head": -1}, "'head' must be a whole number, 0 or more, found -1"),
        ({"head": False}, "'head'"),
        ({"quantity": "sharpness"}, "'quantity' must be one of entropy, gold_share, faithfulness"),
        ({"estimate": "0.5"}, "'estimate' must be a finite number"),
        ({"upper": float("inf")}, "'upper' must be a finite number"),
        ({"lower": 0.65}, "'estimate' must lie between"),
        ({"null": None}, "'null' must be a finite number"),
        ({"n": 0}, "'n' must be a whole number, 1 or more"),
        ({"seed": "1"}, "'seed'"),
        ({"settings": None}, "'settings'"),
        ({"evil": 1}, "unknown fields"),
    ],
)
def test_damaged_alignment_records_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"alignment record: {message}"):
        AlignmentRecord.from_dict({**ALIGNMENT.to_dict(), **changes})


@pytest.mark.parametrize("kind", [LengthRecord, AlignmentRecord])
@pytest.mark.parametrize("value", [None, [], "text", 3, {}])
def test_what_is_no_record_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValueError, match="record: "):
        kind.from_dict(value)


@pytest.mark.parametrize("record", [LENGTH, ALIGNMENT])
def test_each_field_is_needed(record: LengthRecord | AlignmentRecord) -> None:
    for name in set(record.to_dict()) - {"seed", "settings"}:
        value = {key: entry for key, entry in record.to_dict().items() if key != name}
        with pytest.raises(ValueError, match=r"record: .*'"):
            type(record).from_dict(value)


def test_records_name_their_file() -> None:
    assert (Record.probe, LENGTH.probe, ALIGNMENT.probe) == ("retention", "length", "alignment")
    assert "probe" not in LENGTH.to_dict()
    assert replace(ALIGNMENT, seed=4).to_dict()["seed"] == 4

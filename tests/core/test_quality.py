"""Records of quality survive the way to a file and back, and a damaged one is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seqtoolkit.quality import Confusion, Example, Quality

QUALITY = Quality(
    measure="mae", unit="°C", higher_is_better=False, n=40, estimate=1.5, lower=1.2, upper=1.9,
    baseline="naive", baseline_estimate=2.0, skill=0.25, skill_lower=0.1, skill_upper=0.4, seed=0,
    settings={"resampled": "windows"},
)  # fmt: skip
ALONE = Quality("accuracy", "share", True, 10, 0.5, 0.2, 0.8)
CONFUSION = Confusion(["a", "b"], [[3, 1], [0, 4]])
EXAMPLE = Example(
    3, 0.5, "worst", text="abc", truth="a", answer="b", past={"x": [1.0, None]}, future={"x": [2.0]},
    forecast={"x": [[1.0, 2.0, 3.0]]}, quantiles=[0.1, 0.5, 0.9], labels={"past": ["0:00", "1:00"]},
)  # fmt: skip


@pytest.mark.parametrize("record", [QUALITY, ALONE, CONFUSION, EXAMPLE], ids=lambda r: type(r).__name__)
def test_there_and_back(record: Any) -> None:
    assert type(record).from_dict(json.loads(json.dumps(record.to_dict()))) == record


@pytest.mark.parametrize(
    ("record", "changes"),
    [
        (QUALITY, {"estimate": 9.0}),
        (QUALITY, {"lower": None}),
        (QUALITY, {"skill": None}),
        (QUALITY, {"baseline_estimate": "2"}),
        (QUALITY, {"n": 0}),
        (QUALITY, {"higher_is_better": 1}),
        (QUALITY, {"measure": 3}),
        (QUALITY, {"more": 1}),
        (CONFUSION, {"classes": []}),
        (CONFUSION, {"counts": [[1, 2]]}),
        (CONFUSION, {"counts": [[1, 2], [3, -4]]}),
        (EXAMPLE, {"chosen": "best"}),
        (EXAMPLE, {"index": -1}),
        (EXAMPLE, {"loss": float("nan")}),
        (EXAMPLE, {"past": {"x": ["a"]}}),
        (EXAMPLE, {"forecast": {"x": [1.0]}}),
        (EXAMPLE, {"labels": {"past": [1]}}),
        (EXAMPLE, {"quantiles": "half"}),
    ],
)
def test_a_damaged_record_is_refused(record: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"record: .*{next(iter(changes))}"):
        type(record).from_dict({**record.to_dict(), **changes})

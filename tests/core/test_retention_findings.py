"""Findings are of all that is known of a checkpoint: to measure one protocol does not forget the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.measuring import SMALL, findings, measure


def test_findings_of_other_protocols_and_seeds_stay(run: Path) -> None:
    assert measure(run, "--protocols", "decoding,gradient,influence") == 0
    found = findings(run)
    assert {"influence beside decoding", "decoding beside influence", "gradient"} & {
        f["curve"] for f in found
    }
    assert measure(run, "--protocols", "timescale") == 0
    assert [finding for finding in findings(run) if finding in found] == found
    before = findings(run)
    one_seed = [*SMALL[:4], "--seeds", "1", *SMALL[6:]]
    assert measure(run, "--protocols", "gradient", small=one_seed) == 0
    assert findings(run) == before


@pytest.mark.parametrize(
    ("edit", "kept"), [({}, True), ({"checkpoint": "another"}, False), ({"findings": 3}, False)]
)
def test_findings_of_the_other_part_stay_as_long_as_the_checkpoint_is_the_same(
    edit: dict[str, object], kept: bool, run: Path
) -> None:
    assert measure(run, "--protocols", "gradient") == 0
    file = run / "probes" / "best" / "diagnosis.json"
    value, found = json.loads(file.read_text()), findings(run)
    assert {finding["part"] for finding in found} == {"model"}
    others = [{**finding, "part": "encoder"} for finding in found]
    file.write_text(json.dumps({**value, "findings": [*others, *found], **edit}))
    assert measure(run, "--protocols", "gradient") == 0
    assert findings(run) == (others if kept else []) + found


def test_findings_of_before_that_do_not_say_their_part_are_replaced(run: Path) -> None:
    assert measure(run, "--protocols", "gradient") == 0
    file, found = run / "probes" / "best" / "diagnosis.json", findings(run)
    old = {**json.loads(file.read_text()), "findings": [{**one, "text": "old"} for one in found]}
    for one in old["findings"]:
        del one["part"]
    file.write_text(json.dumps(old))
    assert measure(run, "--protocols", "gradient") == 0
    assert findings(run) == found

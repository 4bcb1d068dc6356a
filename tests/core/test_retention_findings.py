"""Findings are of all that is known of a checkpoint: to measure one protocol does not forget the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqtoolkit.runs import read_probe
from tests.core.measuring import SMALL, measure


def findings(run: Path) -> list[dict[str, Any]]:
    probe = read_probe(run, "best", "diagnosis.json")
    assert probe is not None
    return list(probe["findings"])


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

"""The calibration: instruments read what is known, and one that misses is found."""

import dataclasses
import importlib
import sys
from collections.abc import Callable
from typing import Any

import pytest

REPETITIONS = {  # as many as a few seconds allow
    "decoding": 30,
    "gradient": 60,
    "influence": 40,
    "timescale": 200,
    "recall": 200,
    "truncation": 100,
}


@pytest.mark.parametrize("protocol", REPETITIONS)
def test_every_protocol_reads_what_is_known(protocol: str) -> None:
    """The small form of the table: what no error of so many repetitions explains is a miss."""
    calibration = importlib.import_module("calibration")
    chosen = [each for each in calibration.systems() if each.protocol == protocol]
    rows = [
        calibration.row(each, 8 if isinstance(each, calibration.Law) else REPETITIONS[protocol])
        for each in chosen  # one broken law is enough
    ]
    assert len(rows) >= 2
    assert [cells for cells in rows if cells[-1] == "MISS"] == []


def test_a_calibration_finds_an_instrument_that_misses() -> None:
    calibration = importlib.import_module("calibration")
    known = next(one for one in calibration.systems() if one.name == "gates of 0.9 or 0.5")
    cells = calibration.row(known, 30)
    assert cells[:2] == ("gates of 0.9 or 0.5", "timescale")
    assert cells[-1] in ("pass", "within error")

    def told(change: Callable[[Any], Any], **options: str) -> str:
        def measure(seed: int) -> object:
            return change(known.measure(seed))

        return str(calibration.row(dataclasses.replace(known, measure=measure, **options), 30)[-1])

    def wider(reading: Any) -> Any:
        record = dataclasses.replace(reading.record, lower=[0.0] * 3, upper=[1.0] * 3)
        return dataclasses.replace(reading, record=record)

    assert told(lambda reading: reading) == cells[-1]
    assert told(lambda reading: dataclasses.replace(reading, truth=[0.6, 0.3, 0.07])) == "MISS"
    assert told(wider) == "within error"  # 30 repetitions cannot tell yet
    again = dataclasses.replace(known, measure=lambda seed: wider(known.measure(seed)))
    assert calibration.settled(again, 30)[4::4] == ("300", "MISS")
    assert told(wider, wide="so it is") == "pass, wide"
    assert (
        told(lambda reading: dataclasses.replace(reading, truth=[0.6, 0.3, 0.07]), wide="so it is") == "MISS"
    )
    assert calibration.row(dataclasses.replace(known, horizon=7), 30)[-1] == "MISS"
    alarmed = dataclasses.replace(known, horizon=0, forgets=True)  # as if nothing were to be kept
    assert calibration.row(alarmed, 30)[-2:] == ("100.0%", "MISS")


def test_a_law_that_is_broken_once_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    calibration = importlib.import_module("calibration")
    law = next(one for one in calibration.systems() if one.truth.startswith("capacity <="))
    assert calibration.row(law, 5)[4:] == ("5", "holds in 100.0%", "-", "-", "pass")
    broken = dataclasses.replace(law, holds=lambda seed: seed != 3)
    assert calibration.row(broken, 5)[4:] == ("5", "holds in 80.0%", "-", "-", "MISS")
    monkeypatch.setattr(calibration, "systems", lambda: [broken])
    monkeypatch.setattr(sys, "argv", ["calibration.py", "--repetitions", "5"])
    assert calibration.main() == 1
    monkeypatch.setattr(calibration, "systems", lambda: [law])
    assert calibration.main() == 0


@pytest.mark.parametrize(
    ("count", "n", "verdict"),
    [
        (368, 400, "pass"),
        (392, 400, "pass"),
        (367, 400, "within error"),
        (358, 400, "within error"),
        (357, 400, "MISS"),
        (397, 400, "within error"),
        (398, 400, "MISS"),
        (400, 400, "MISS"),
        (3_620, 4_000, "MISS"),
    ],
)
def test_a_coverage_is_judged_by_its_limits_and_the_error_of_its_repetitions(
    count: int, n: int, verdict: str
) -> None:
    calibration = importlib.import_module("calibration")
    assert calibration.judge(count, n, *calibration.COVERAGE) == verdict

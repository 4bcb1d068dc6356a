"""Measures, confusions and examples as a test leaves them, and answers by the length of their source."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from seqtoolkit.quality import Confusion, Example, Quality
from seqtoolkit.run_folder import RunFolder


def length_records(reach: float, seed: int = 1, **fields: Any) -> list[dict[str, Any]]:
    """Return all measures by source length as plain values: of a model whose errors double after `reach` symbols."""
    low, high, n = (
        [1, 5, 7, 9, 11, 13, 16],
        [4, 6, 8, 10, 12, 15, 22],
        [900, 2400, 3600, 2800, 1500, 700, 100],
    )
    error = [min(0.9, 0.05 * 2 ** ((a + b) / 2 / reach)) for a, b in zip(low, high, strict=True)]
    scales = {"error_rate": (0.0, 1.0), "sequence_accuracy": (1, -1), "chrf": (100, -100), "bleu": (100, -90)}
    records = []
    for measure, (base, slope) in scales.items():
        half = [abs(slope) * 1.96 * math.sqrt(e * (1 - e) / count) for e, count in zip(error, n, strict=True)]
        estimate = [base + slope * e for e in error]
        record = {
            "measure": measure, "unit": measure, "low": low, "high": high, "n": n, "estimate": estimate,
            "lower": [max(0.0, p - h) for p, h in zip(estimate, half, strict=True)],
            "upper": [p + h for p, h in zip(estimate, half, strict=True)], "seed": seed,
            "settings": {"beams": 4, "overall": {
                "estimate": estimate[2], "lower": estimate[2] - 0.01, "upper": estimate[2] + 0.01, "n": 12_000}},
        }  # fmt: skip
        records.append({**record, **fields})
    return records


def write_lengths(folder: RunFolder, *records: dict[str, Any]) -> None:
    """Store measures by source length with the best checkpoint."""
    folder.write_probe(
        Path("best.ckpt"),
        "length.json",
        {"schema": 1, "split": "test", "step": 1500, "records": list(records)},
    )


def quality_records(error: float, baseline: str = "majority class") -> list[Quality]:
    """Return an accuracy beside a baseline, and a loss beside two."""
    accuracy = Quality("accuracy", "share", True, 400, 1 - error, 0.97 - error, min(1.0, 1.02 - error), baseline, 0.35,
                       (0.65 - error) / 0.65, 0.6 - error, 1.0, settings={"interval": "Wilson"})  # fmt: skip
    losses = [
        Quality("loss", "nats", False, 400, 2 * error, 1.8 * error, 2.3 * error, name, value, 1 - 2 * error / value,
                1 - 2.3 * error / value, 1 - 1.8 * error / value)
        for name, value in (("class frequencies", 1.6), ("uniform <b>", 2.2))
    ]  # fmt: skip
    return [accuracy, *losses]


def forecast_records(error: float) -> list[Quality]:
    """Return an error of forecasts beside two baselines, step by step."""
    steps = {
        "model": [error * i for i in range(1, 9)],
        "naive": [0.2 * i for i in range(1, 9)],
        "seasonal naive": [0.9] * 8,
    }
    return [
        Quality("mae", "km/h", False, 120, 4 * error, 3.6 * error, 4.5 * error, name, value, 1 - 4 * error / value,
                1 - 4.5 * error / value, 1 - 3.6 * error / value, settings={"by_step": steps})
        for name, value in (("naive", 0.9), ("seasonal naive", 0.95))
    ]  # fmt: skip


def confusion_record(classes: int = 5) -> Confusion:
    """Return a confusion that is mostly right."""
    names = [f"class {i}" for i in range(classes)]
    return Confusion(
        names, [[80 if a == b else (a + 2 * b) % 7 for b in range(classes)] for a in range(classes)]
    )


def text_examples() -> list[Example]:
    """Return texts with answers, the worst and one by chance."""
    return [
        Example(17, 9.1, "worst", "remember", "R IH M EH M B ER", "R EH M"),
        Example(3, 7.25, "worst", "phone", "F OW N", "P"),
        Example(8, 0.01, "drawn", "cat", "K AE T", "K AE T"),
    ]  # fmt: skip


def forecast_examples(outputs: int = 2) -> list[Example]:
    """Return forecasts with bands, one with a gap in what came."""
    names = [f"sensor {i}" for i in range(outputs)]
    wave = [math.sin(step / 3) for step in range(40)]
    middle = [value + 0.1 for value in wave[24:36]]
    bands = [
        [value + shift * (1 + i / 6) for i, value in enumerate(middle)]
        for shift in (-0.3, -0.1, 0.0, 0.1, 0.3)
    ]
    labels = {
        "past": [f"2026-01-01 {i:02d}:00" for i in range(24)],
        "future": [f"2026-01-02 {i:02d}:00" for i in range(12)],
    }
    return [
        Example(40 + place, 3.0 - place, chosen, past=dict.fromkeys(names, wave[:24]),
                future={name: [*wave[24:30], None, *wave[31:36]] for name in names},
                forecast=dict.fromkeys(names, bands), quantiles=[0.05, 0.25, 0.5, 0.75, 0.95], labels=labels)
        for place, chosen in enumerate(("worst", "worst", "drawn"))
    ]  # fmt: skip


def write_records(folder: RunFolder, *records: Any, checkpoint: str = "best") -> None:
    """Store records of quality with a checkpoint, as a test does."""
    for probe in {record.probe for record in records}:
        found = [record.to_dict() for record in records if record.probe == probe]
        value = {"schema": 1, "split": "test", "step": 1500, "records": found}
        folder.write_probe(Path(f"{checkpoint}.ckpt"), f"{probe}.json", value)

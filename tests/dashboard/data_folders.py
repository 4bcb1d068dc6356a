"""What training data look like, as a run stores it when it begins."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from seqtoolkit.data_record import Bins, DataSummary, Shown, Spread
from seqtoolkit.files import write_json
from seqtoolkit.run_folder import RunFolder


def recall_data(**fields: Any) -> DataSummary:
    """Return what recall looks like: symbols in which some steps are asked, with lags."""
    letters = "abqBcdz?aaBxd?" * 3
    asked = ["B" if letter == "?" else "" for letter in letters]
    found = DataSummary(
        task="recall", target="classes", sampled=1000, splits={"train": {"examples": 12_800, "batches": 200},
        "val": {"examples": 1200, "batches": 15}}, lengths=Bins([48, 53, 58], [52, 57, 62], [300, 4000, 8500]),
        supervised=6.4, symbols={**dict.fromkeys("abcdqxz", 9000), "B": 6400, "?": 6400, " ": 20},
        classes={letter: 240 + 3 * i for i, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")},
        lags=Bins([1, 5, 9, 13], [4, 8, 12, 16], [3100, 1600, 1000, 700]),
        shown=[Shown(62, asked, read=list(letters))] * 3,
    )  # fmt: skip
    return replace(found, **fields)


def series_data(**fields: Any) -> DataSummary:
    """Return what a series looks like: channels, of which one has gaps, and a value that is asked for."""
    quantiles = [-3.1, -1.6, -0.7, 0.02, 0.68, 1.64, 4.4]
    waves = [[round(math.sin(step / (4 + row)) + row, 4) for step in range(96)] for row in range(3)]
    found = DataSummary(
        task="series", target="quantiles", sampled=400, splits={"train": {"examples": 7000, "batches": 110}},
        lengths=Bins([96], [96], [7000]), supervised=24.0,
        channels=[Spread("speed", quantiles), Spread("load <b>", [10 * q for q in quantiles], 0.031),
                  Spread("gone", [], 1.0)],
        outputs=[Spread("speed", quantiles)],
        shown=[Shown(96, ["?"] * 96, values={"speed": wave, "load <b>": wave[::-1]}) for wave in waves],
    )  # fmt: skip
    return replace(found, **fields)


def write_data(folder: RunFolder, found: DataSummary) -> None:
    """Store what the training data look like, as a run does when it begins."""
    write_json(folder.path / "data.json", found.to_dict())

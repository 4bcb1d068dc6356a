"""A table of series, and its metrics updated with answers that are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import torch
from torch import Tensor

from seqtoolkit.data.series import SeriesData
from seqtoolkit.model import SequenceModel

MODEL = cast(SequenceModel, None)  # no metric here asks the model again
LEVELS = [0.1, 0.5, 0.9]


def series(folder: Path, sizes: tuple[int, ...] = (300,), seed: int = 0, **options: Any) -> SeriesData:
    random, time = np.random.default_rng(seed), np.concatenate([np.arange(size) for size in sizes])
    frame = pl.DataFrame(
        {
            "machine": np.repeat([f"m{number}" for number in range(len(sizes))], sizes),
            "time": time,
            "load": 50 + 9 * np.sin(2 * np.pi * time / 12) + random.standard_normal(len(time)),
            "heat": random.standard_normal(len(time)).cumsum(),
            "kind": random.choice(["on", "off"], len(time), p=[0.7, 0.3]),
        }
    )
    frame.write_parquet(folder / "table.parquet")
    given: dict[str, Any] = {"time": "time", "group": "machine", "channels": ["load", "heat"], "window": 32}
    return SeriesData(str(folder / "table.parquet"), **{**given, **options})


def run(
    data: SeriesData, answer: Any, name: str = "errors", split: str = "val"
) -> tuple[Any, dict[str, Tensor]]:
    """Update a metric with what `answer` makes of the targets (N, V) of each batch."""
    metric = data.metrics(split)[name]
    for batch in data.val_dataloader() if split == "val" else data.test_dataloader():
        metric.update(MODEL, batch, answer(batch))
    return metric, metric.compute()


def targets(data: SeriesData) -> Tensor:
    return torch.cat([batch.targets[batch.mask] for batch in data.val_dataloader()])

"""Two tables of series, loads by the hour and machines that wear, and models of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from seqtoolkit.checkpoint import BLOCK
from seqtoolkit.data.series import SeriesData
from seqtoolkit.described import describe

HOURS = 400
SIZES = (40, 55, 30, 62, 47, 35)
UNITS: dict[str, Any] = {"time": "cycle", "group": "unit", "channels": ["heat", "load"]}


def hourly(folder: Path, name: str = "load.csv") -> str:
    time = np.arange(HOURS)
    start = pl.datetime(2026, 1, 1)
    pl.DataFrame({"hour": time}).select(
        time=(start + pl.duration(hours=pl.col("hour"))).dt.strftime("%Y-%m-%d %H:%M"),
        load=pl.Series(100 + 10 * np.sin(2 * np.pi * time / 24)),
        heat=pl.Series(np.random.default_rng(0).standard_normal(HOURS)),
    ).write_csv(folder / name)
    return str(folder / name)


def units(folder: Path, columns: tuple[str, ...] = (), name: str = "units.parquet") -> str:
    """Write series of six machines, whose wear grows and whose site is a text."""
    random = np.random.default_rng(1)
    cycle = np.concatenate([np.arange(size) for size in SIZES])
    unit = np.repeat([f"u{number}" for number in range(len(SIZES))], SIZES)
    frame = pl.DataFrame(
        {
            "unit": unit,
            "cycle": cycle,
            "heat": 300 + random.standard_normal(len(cycle)),
            "load": 0.01 * cycle,
            "wear": cycle * 0.5 + 10,
            "site": np.where(unit < "u3", "north", "south"),
        }
    )
    (frame.select(columns) if columns else frame).write_parquet(folder / name)
    return str(folder / name)


def checkpoint(folder: Path, data: SeriesData) -> str:
    """Write what training would leave of an untrained model."""
    shape = {"d_model": 8, "num_layers": 1, "block": "plain", "mlp_ratio": 0.0, "dropout": 0.0}
    described = describe({"arch": "gru", "arch_config": {}, **shape}, data.spec)
    model = described.build()
    weights = {f"model.{name}": value for name, value in model.state_dict().items()}
    torch.save({BLOCK: described.to_dict(), "state_dict": weights, "global_step": 1}, folder / "a.ckpt")
    return str(folder / "a.ckpt")

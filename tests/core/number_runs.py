"""Runs that read numbers, as training leaves them, but without training: a table of two channels, or rolls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from seqtoolkit.checkpoint import BLOCK
from seqtoolkit.data.base import SequenceData
from seqtoolkit.data.labelled_series import LabelledSeriesData
from seqtoolkit.data.rolls import RollData
from seqtoolkit.data.series import SeriesData
from seqtoolkit.described import describe

SHAPE = {"d_model": 16, "num_layers": 2, "block": "residual", "mlp_ratio": 0.0, "dropout": 0.0}


def series_run(run: Path, arch: str = "gru", **options: Any) -> Path:
    """Write a forecast of heat and load, 600 rows in windows of 48; return the checkpoint."""
    run.mkdir(parents=True, exist_ok=True)
    file = run.parent / "series.csv"
    if not file.exists():
        time = np.arange(600)
        noise = np.random.default_rng(0).standard_normal(600)
        rows = np.stack([time, 300 + 5 * np.sin(time / 9) + noise, 10 + np.cos(time / 5)], 1)
        np.savetxt(file, rows, "%.6g", ",", header="hour,heat,load", comments="")
    given = {"file": str(file), "time": "hour", "window": 48, "horizon": 4, **options}
    return _written(run, arch, SeriesData(**given), given)


def labelled_run(run: Path, arch: str = "gru", val: int = 12) -> Path:
    """Write a classification of 12 whole series of one channel, so many of them for validation too."""
    run.mkdir(parents=True, exist_ok=True)
    x = np.random.default_rng(1).standard_normal((12, 20, 1)).cumsum(1)
    y = np.array(["down", "up"] * 6)
    parts = {"x_train": x, "y_train": y, "x_val": x[:val], "y_val": y[:val]}
    np.savez(run.parent / "labelled.npz", **parts)  # type: ignore[arg-type]
    given = dict.fromkeys(("train", "val"), str(run.parent / "labelled.npz"))
    return _written(run, arch, LabelledSeriesData(**given), given)


def roll_run(run: Path, arch: str = "gru") -> Path:
    """Write rolls of 20 notes; return the checkpoint."""
    run.mkdir(parents=True, exist_ok=True)
    x = (np.random.default_rng(2).random((8, 30, 20)) < 0.2).astype(np.uint8)
    lengths = np.arange(23, 31)
    parts = {
        f"{name}_{split}": part
        for split in ("train", "val")
        for name, part in (("x", x), ("lengths", lengths))
    }
    np.savez(run.parent / "rolls.npz", **parts)
    given = dict.fromkeys(("train", "val"), str(run.parent / "rolls.npz"))
    return _written(run, arch, RollData(**given), given)


def _written(run: Path, arch: str, data: SequenceData, options: dict[str, Any]) -> Path:
    place = f"{type(data).__module__}.{type(data).__name__}"
    config = {"data": {"class_path": place, "init_args": options}, "trainer": {}}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    torch.manual_seed(0)
    described = describe({"arch": arch, **SHAPE}, data.spec)
    weights = {f"model.{name}": value for name, value in described.build().state_dict().items()}
    path = run / "checkpoints" / "best.ckpt"
    path.parent.mkdir(exist_ok=True)
    torch.save({"state_dict": weights, "global_step": 7, BLOCK: described.to_dict()}, path)
    return path

"""Tables that are larger than one would like to hold: time and peak memory of `SeriesData`, and of its batches.

A CSV (by default of 1 GB) and a Parquet file (by default of 10 million rows) are generated in a temporary folder. Each
is read in a process of its own, whose peak memory (ru_maxrss) holds Python, torch and polars too. Then a model trains
on windows of a table, and on one batch that stands still: the ratio of their speeds is what the data cost.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import machine
import numpy as np
import polars as pl
import torch

from seqtoolkit.batch import Batch
from seqtoolkit.data.series import SeriesData
from seqtoolkit.evaluation import score
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel

CHANNELS, GROUP = 12, 10_000  # columns, and rows of each group
PIECE = 500_000  # rows that are generated at once
READ = """
import json, resource, sys, time
began = time.perf_counter()
from seqtoolkit.data.series import SeriesData
options = json.loads(sys.argv[1])
data = SeriesData(**options)
loaders = [data.train_dataloader(), data.val_dataloader()]
batches = [next(iter(loader)) for loader in loaders]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rows = sum(data.spec["rows"].values())
print(json.dumps({"seconds": time.perf_counter() - began, "peak": peak, "rows": rows}))
"""


def main() -> None:
    """Generate the files, read each in a process of its own, time the batches, and print."""
    options = _options()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        if not options.batches_only:
            rows = [_row(name, path) for name, path in _files(Path(folder), options)]
            print(machine.markdown(("file", "size, MB", "rows", "seconds", "peak memory, MB"), rows))
            print(f"\n{CHANNELS} channels in groups of {GROUP:,} rows; {machine.describe()}.\n", flush=True)
        small = _parquet(Path(folder) / "small.parquet", 200_000)
        _print_speed(small, options.repeats, options.steps)


def _options() -> argparse.Namespace:
    parser = machine.parser(__doc__)
    parser.add_argument("--csv_mb", type=int, default=1_000, help="megabytes of CSV")
    parser.add_argument(
        "--rows", type=int, default=10_000_000, help="rows of Parquet, and lines of its long form"
    )
    parser.add_argument("--folder", default=None, help="where the files are made, and removed again")
    parser.add_argument("--batches_only", action="store_true", help="leave out the large files")
    parser.add_argument("--repeats", type=int, default=5, help="of the timed steps")
    parser.add_argument("--steps", type=int, default=30, help="training steps in a repeat")
    return parser.parse_args()


def _files(folder: Path, options: argparse.Namespace) -> list[tuple[str, Path]]:
    return [
        ("CSV", _csv(folder / "big.csv", options.csv_mb * 1_000_000)),
        ("Parquet", _parquet(folder / "big.parquet", options.rows)),
        ("Parquet, long form", _long(folder / "long.parquet", options.rows)),
    ]


def _frame(start: int, rows: int) -> pl.DataFrame:
    random, number = np.random.default_rng(start), np.arange(start, start + rows)
    values = random.standard_normal((rows, CHANNELS)).round(5)
    columns = {f"s{channel}": values[:, channel] for channel in range(CHANNELS)}
    return pl.DataFrame({"unit": number // GROUP, "time": number % GROUP, **columns}).with_columns(
        unit=pl.format("u{}", "unit")
    )


def _csv(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        rows = 0
        while file.tell() < size:
            _frame(rows, PIECE).write_csv(file, include_header=not rows)
            rows += PIECE
    return path


def _parquet(path: Path, rows: int) -> Path:
    """Write piece by piece, so that this process stays small, too."""
    parts = [path.with_suffix(f".{start}") for start in range(0, rows, PIECE)]
    for number, part in enumerate(parts):
        _frame(number * PIECE, min(PIECE, rows - number * PIECE)).write_parquet(part)
    pl.scan_parquet(parts).sink_parquet(path)
    for part in parts:
        part.unlink()
    return path


def _long(path: Path, lines: int) -> Path:
    pl.scan_parquet(path.with_name("big.parquet")).head(lines // CHANNELS).unpivot(
        index=["unit", "time"], variable_name="name", value_name="value"
    ).sink_parquet(path)
    return path


def _row(name: str, path: Path) -> tuple[str, ...]:
    options = {
        "file": str(path),
        "time": "time",
        "group": "unit",
        "horizon": 24,
        "targets": ["s0"],
        "split": "group",
    }
    options |= {"form": "long"} if "long" in name else {}
    command = [sys.executable, "-c", READ, json.dumps(options)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    size, seconds, peak = path.stat().st_size / 1e6, found["seconds"], found["peak"]
    shown = f"{size:,.0f}", f"{found['rows']:,}", f"{seconds:.0f}", f"{peak:,.0f}"
    return name, *shown


def _print_speed(path: Path, repeats: int, steps: int) -> None:
    data = SeriesData(
        str(path), time="time", group="unit", horizon=24, targets=["s0"], window=128, split="group"
    )
    loader = data.train_dataloader()
    still = next(iter(loader))
    ratios, speeds = [], []
    for repeat in range(repeats):
        loader.set_epoch(repeat)
        real = _seconds(data, iter(loader), steps)
        ratios.append(_seconds(data, iter([still] * steps), steps) / real)
        speeds.append(steps / real)
    low, high = min(ratios), max(ratios)
    print(
        f"Training an LSTM (width 64) on windows of {data.plan.window} steps: {median(speeds):.1f} steps/s of a core;"
        f" {median(ratios):.3f} [{low:.3f}, {high:.3f}] of the speed on a batch that stands still"
        f" ({repeats} repeats of {steps} steps; {machine.describe(torch.get_num_threads())})."
    )


def _seconds(data: SeriesData, batches: Any, steps: int) -> float:
    torch.manual_seed(0)
    spec, loss = data.spec, Loss.of(data.spec)
    model = SequenceModel(
        "lstm", spec["num_classes"], num_features=spec["num_features"], d_model=64, num_layers=1
    )
    optimizer = torch.optim.AdamW(model.parameters())
    _step(model, optimizer, loss, next(data.train_dataloader().__iter__()))  # warm
    began = time.process_time()  # one thread: seconds of its core, whoever else wants it
    for _ in range(steps):
        _step(model, optimizer, loss, next(batches))
    return time.process_time() - began


def _step(model: SequenceModel, optimizer: torch.optim.Optimizer, loss: Loss, batch: Batch) -> None:
    optimizer.zero_grad()
    score(model, batch, loss).losses.mean().backward()  # type: ignore[no-untyped-call]
    optimizer.step()


if __name__ == "__main__":
    main()

"""Tables of machines, models of them, and their rows answered one by one or all at once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqtoolkit.checkpoint import BLOCK, load
from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular.row_lines import RowLines
from seqtoolkit.described import describe
from seqtoolkit.model import SequenceModel
from seqtoolkit.streaming import answered

TASKS: dict[str, dict[str, Any]] = {
    "forecast": {"horizon": 2, "targets": ["heat"], "quantiles": [0.1, 0.5, 0.9]},
    "next": {},
    "regression": {"targets": ["wear"]},
    "classification": {"targets": ["state"], "at": "step"},
    "ends": {"task": "classification", "targets": ["state"], "at": "end"},
}
COLUMNS = ["machine", "time", "load", "heat", "mode", "wear", "state"]
Table = list[list[str]]


def rows(sizes: list[int], seed: int, missing: float = 0.0) -> Table:
    """Draw the rows of some machines; the machines take turns."""
    random = np.random.default_rng(seed)
    found = []
    for machine, size in enumerate(sizes):
        for step in range(size):
            cells = [f"{value:.3f}" for value in random.normal(50, 9, 3)] + [
                str(random.choice(["on", "off"]))
            ]
            load, heat, wear, mode = ("" if random.random() < missing else cell for cell in cells)
            state = random.choice(["good", "bad"])
            found.append([f"m{machine}", str(step), load, heat, mode, wear, str(state)])
    return [found[place] for place in np.argsort([int(row[1]) for row in found], kind="stable")]


def table(path: Path, lines: Table, columns: list[str] = COLUMNS) -> str:
    places = [COLUMNS.index(name) for name in columns]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *([line[place] for place in places] for line in lines)])
    return str(path)


def trained(folder: Path, arch: str, task: str, lines: Table | None = None, **options: Any) -> str:
    """Save a checkpoint as training would, with the weights that it begins with."""
    given = {"task": task, "time": "time", "group": "machine", "channels": ["load", "heat"], "split": "group"}
    given |= {"categorical": ["mode"], "shares": (1, 1, 0), **TASKS[task], **options}
    lines = lines or rows([30, 30, 30], 0, 0.2 if options.get("missing") else 0.0)
    spec = SeriesData(table(folder / "train.csv", lines), **given).spec
    torch.manual_seed(0)
    shape = {"d_model": 8, "num_layers": 2, "block": "residual", "mlp_ratio": 0.0, "dropout": 0.1}
    block = describe({"arch": arch, **shape}, spec)
    weights = {f"model.{name}": value for name, value in block.build().state_dict().items()}
    torch.save({BLOCK: block.to_dict(), "state_dict": weights, "global_step": 3}, folder / "best.ckpt")
    return str(folder / "best.ckpt")


def opened(path: str, inputs: str, **options: Any) -> tuple[SeriesData, SequenceModel]:
    model = load(path).model
    assert isinstance(model, SequenceModel)
    return SeriesData(spec_of=path, inputs=inputs, **options), model


@torch.inference_mode()
def predicted(path: str, inputs: str, **options: Any) -> list[dict[str, Any]]:
    """Answer a file as `predict` does."""
    data, model = opened(path, inputs, **options)
    found = [answer for batch in data.predict_dataloader() for answer in data.predictions(model, batch)]
    return [line for _, line in sorted(found, key=lambda answer: answer[0])]


def streamed(path: str, inputs: str, **options: Any) -> list[list[dict[str, Any]]]:
    """Answer the rows of a file one by one."""
    data, model = opened(path, inputs, **options)
    with RowLines(inputs) as lines:
        return list(answered(model, data.stream(lines), lines))


def same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Say whether lines are the same, but for rounding."""
    pairs = [(a[name], b[name]) for a, b in zip(one, other, strict=True) for name in a]
    return all(
        a == b if isinstance(a, str) else a == pytest.approx(b, rel=1e-4, abs=1e-4) for a, b in pairs
    ) and [list(line) for line in one] == [list(line) for line in other]

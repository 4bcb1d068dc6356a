"""What is written of the answers to rows of a series: classes, or values in the user's units, each with its place."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from seqtoolkit.data.tabular.plan import Plan
from seqtoolkit.data.tabular.quality import ordered
from seqtoolkit.data.tabular.table import Table
from seqtoolkit.data.written_number import written_number

Lines = list[dict[str, Any]]


class Written:
    """Makes the lines that `predict` writes from the scores of a model.

    Args:
        plan: of the checkpoint.
        spec: of the checkpoint.
    """

    def __init__(self, plan: Plan, spec: dict[str, Any]) -> None:
        self.plan, self.columns = plan, plan.columns
        self.levels, self.classes = spec.get("quantiles", []), spec.get("classes", [])

    def __call__(self, table: Table, at: list[int], scores: Tensor) -> list[Lines]:
        """Return for each of N rows of a table, whose scores are (N, V), a line, or one for each step of a forecast."""
        scores = scores.double().cpu()
        if self.columns.label is not None:
            return [[line] for line in self._classes(table, self.columns.label, at, scores)]
        return self._values(table, at, scores)

    def _classes(self, table: Table, label: str, at: list[int], scores: Tensor) -> Lines:
        best = scores.softmax(-1).max(-1)
        return [
            {**self._place(table, row), label: self.classes[number], "probability": round(share, 6)}
            for row, number, share in zip(at, best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def _values(self, table: Table, at: list[int], scores: Tensor) -> list[Lines]:
        targets, steps = self.columns.targets, max(1, self.plan.horizon)
        places = self.columns.places(targets)
        scale = torch.from_numpy(self.plan.scaling.scale[places])[:, None, None]
        center = torch.from_numpy(self.plan.scaling.center[places])[:, None, None]
        answers = ordered(scores.view(len(scores), len(targets), steps, -1)) * scale + center
        names = [f"{name} {level:g}" for name in targets for level in self.levels] if self.levels else targets
        scales = [one for one in scale.flatten().tolist() for _ in self.levels or [None]]
        cells = answers.transpose(1, 2).flatten(2).tolist()  # (N, H, K * Q)
        where = self._later if self.plan.forecasts else self._place
        return [
            [
                where(table, row, step)
                | {name: written_number(v, s) for name, v, s in zip(names, line, scales, strict=True)}
                for step, line in enumerate(forecast, 1)
            ]
            for row, forecast in zip(at, cells, strict=True)
        ]

    def _place(self, table: Table, row: int, _: int = 0) -> dict[str, Any]:
        """Say which group and time a row has; without a time, which row of the file it is."""
        found = self._group(table, row)
        if table.times is not None and table.clock is not None and self.columns.time is not None:
            return found | {self.columns.time: table.clock.write(table.times[row])}
        return found | {"row": row + 1 if table.row is None else int(table.row[row])}

    def _later(self, table: Table, row: int, step: int) -> dict[str, Any]:
        """Say for which group, time and step a forecast is; the time is empty where rows are not regular."""
        found = self._group(table, row)
        if table.times is not None and table.clock is not None and self.columns.time is not None:
            time = table.clock.after(table.times[row], step)
            found[self.columns.time] = "" if time is None else time
        return found | {"step": step}

    def _group(self, table: Table, row: int) -> dict[str, Any]:
        group = self.columns.group
        return {group: table.groups[table.group[row]]} if group else {}

"""What `predict` reads: a table of raw rows, window by window in their order, and the rows that are written for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.series_examples import SeriesExamples, Unasked
from seqtoolkit.data.series_plan import Plan
from seqtoolkit.data.series_prepare import known_of, prepare, read
from seqtoolkit.data.series_quality import ordered
from seqtoolkit.data.series_windows import Windows, cover, ends, regions
from seqtoolkit.data.table_source import open_table

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

STEPS = 16_384  # of a batch
Written = list[tuple[int, dict[str, Any]]]


class SeriesInputs:
    """Batches of a user's rows, in the place of a DataLoader; `Batch.index` counts the windows in the file's order.

    A forecast is made from the end of each group; values and classes of each step, or of the end of each group.

    Args:
        source: path of a table, or - for standard input.
        plan: of the checkpoint.
        spec: of the checkpoint.
        history: steps before the first answer of a window.

    Raises ValueError as reading does, with file, row and column.
    """

    def __init__(self, source: str, plan: Plan, spec: dict[str, Any], history: int) -> None:
        found = read(open_table(source), plan.columns, plan.gaps, known_of(plan, False, []), asked=False)
        self.plan, self.spec = plan, spec
        self.prepared = prepare(found, plan, np.zeros(len(found.table), np.uint8), [])
        self.at_end = plan.forecasts or plan.at == "end"
        self.examples = SeriesExamples(self.prepared.rows, self._windows(history), Unasked(), 0)
        own = self.examples.windows.length - self.examples.windows.first
        self.written = own.cumsum() - own  # answers before those of each window

    def __len__(self) -> int:
        return -(-len(self.examples) // self._rows)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the windows in their order."""
        for start in range(0, len(self.examples), self._rows):
            yield self.examples.collate(torch.arange(start, min(start + self._rows, len(self.examples))))

    def predictions(self, model: AnyModel, batch: Batch) -> Written:
        """Answer a batch, in the user's units."""
        assert batch.index is not None
        scores = model(batch.inputs, mask=batch.mask)[0].float().cpu()
        row, step = (part.cpu() for part in batch.mask.nonzero(as_tuple=True))
        index = batch.index.cpu()[row]
        at = (self.examples.starts[index] + step).tolist()
        number = self.written[index] + (step - self.examples.firsts[index]).numpy()
        if self.plan.columns.label is not None:
            return list(zip(number.tolist(), self._classes(scores, at), strict=True))
        return self._values(scores, at, number.tolist())

    def _windows(self, history: int) -> Windows:
        segments, window = self.prepared.segments, self.plan.window
        found = regions(segments, self.prepared.rows.split.numpy(), 0, 0)
        if not self.at_end:
            assert window is not None
            return cover(found, window, min(history, window - 1))
        last = np.append(segments.group[1:] != segments.group[:-1], True)  # of each group
        return ends(replace(found, **{name: getattr(found, name)[last] for name in vars(found)}), window)

    @property
    def _rows(self) -> int:
        return max(1, STEPS // int(self.examples.lengths.max()))

    def _classes(self, scores: Tensor, at: list[int]) -> list[dict[str, Any]]:
        label, names = self.plan.columns.label, self.spec["classes"]
        best = scores.softmax(-1).max(-1)
        return [
            {**self._place(row), label or "class": names[number], "probability": round(share, 6)}
            for row, number, share in zip(at, best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def _values(self, scores: Tensor, at: list[int], number: list[int]) -> Written:
        """Return a row for each step of each forecast, or for each answered step, with a column for each value."""
        targets = self.plan.columns.targets
        levels, steps = self.spec.get("quantiles", []), max(1, self.plan.horizon)
        places = self.plan.columns.places(targets)
        scale = torch.from_numpy(self.plan.scaling.scale[places])[:, None, None]
        center = torch.from_numpy(self.plan.scaling.center[places])[:, None, None]
        answers = ordered(scores.double().view(len(scores), len(targets), steps, -1)) * scale + center
        names = [f"{name} {level:g}" for name in targets for level in levels] if levels else targets
        cells = answers.transpose(1, 2).flatten(2).tolist()  # (N, H, K * Q)
        found: Written = []
        for row, before, forecast in zip(at, number, cells, strict=True):
            for step, line in enumerate(forecast, 1):
                written = dict(zip(names, (float(f"{value:.7g}") for value in line), strict=True))
                place = self._later(row, step) if self.plan.forecasts else self._place(row)
                found.append((before * steps + step - 1, {**place, **written}))
        return found

    def _place(self, row: int) -> dict[str, Any]:
        """Say which group and time a row has; without a time, which row of the file it is."""
        table, columns = self.prepared.table, self.plan.columns
        found: dict[str, Any] = {columns.group: table.groups[table.group[row]]} if columns.group else {}
        if table.times is not None and table.clock is not None and columns.time is not None:
            return found | {columns.time: table.clock.write(table.times[row])}
        return found | {"row": row + 1 if table.row is None else int(table.row[row])}

    def _later(self, row: int, step: int) -> dict[str, Any]:
        """Say for which group, time and step a forecast is; the time is empty where rows are not regular."""
        table, columns = self.prepared.table, self.plan.columns
        found: dict[str, Any] = {columns.group: table.groups[table.group[row]]} if columns.group else {}
        if table.times is not None and table.clock is not None and columns.time is not None:
            time = table.clock.after(table.times[row], step)
            found[columns.time] = "" if time is None else time
        return found | {"step": step}

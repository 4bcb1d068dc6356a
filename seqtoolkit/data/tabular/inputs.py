"""What `predict` reads: a table of raw rows, window by window in their order, and the rows that are written for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from seqtoolkit.batch import Batch
from seqtoolkit.data.tabular.examples import SeriesExamples, Unasked
from seqtoolkit.data.tabular.plan import Plan
from seqtoolkit.data.tabular.prepare import known_of, prepare, read
from seqtoolkit.data.tabular.source import open_table
from seqtoolkit.data.tabular.windows import Windows, cover, ends, regions
from seqtoolkit.data.tabular.written import Written

if TYPE_CHECKING:
    from seqtoolkit.data.metric import AnyModel

STEPS = 16_384  # of a batch


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
        self.plan, self._written = plan, Written(plan, spec)
        self.prepared = prepare(found, plan, np.zeros(len(found.table), np.uint8), [])
        self.at_end = plan.forecasts or plan.at == "end"
        self.examples = SeriesExamples(self.prepared.rows, self._windows(history), Unasked(), 0)
        own = self.examples.windows.length - self.examples.windows.first
        self.answered = own.cumsum() - own  # answers before those of each window

    def __len__(self) -> int:
        return -(-len(self.examples) // self._rows)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the windows in their order."""
        for start in range(0, len(self.examples), self._rows):
            yield self.examples.collate(torch.arange(start, min(start + self._rows, len(self.examples))))

    def predictions(self, model: AnyModel, batch: Batch) -> list[tuple[int, dict[str, Any]]]:
        """Answer a batch, in the user's units."""
        assert batch.index is not None
        scores = model(batch.inputs, mask=batch.mask)[0].float().cpu()
        row, step = (part.cpu() for part in batch.mask.nonzero(as_tuple=True))
        index = batch.index.cpu()[row]
        at = (self.examples.starts[index] + step).tolist()
        number = self.answered[index] + (step - self.examples.firsts[index]).numpy()
        lines = self._written(self.prepared.table, at, scores)
        each = max(1, self.plan.horizon)
        return [
            (before * each + step, line)
            for before, some in zip(number.tolist(), lines, strict=True)
            for step, line in enumerate(some)
        ]

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

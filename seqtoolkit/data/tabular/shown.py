"""How an example of a series looks: what was read before a step, in the user's units, with its times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seqtoolkit.data.tabular.examples import SeriesExamples
from seqtoolkit.data.tabular.plan import Plan
from seqtoolkit.data.tabular.prepare import Prepared
from seqtoolkit.data.written_number import written_number

STEPS = 96  # of the past that are shown,
HORIZONS = 4  # or as many times the horizon, where that is longer
CHANNELS = 6  # of the past that are shown


@dataclass(frozen=True, eq=False)
class Shown:
    """Draws examples of a split."""

    plan: Plan
    prepared: Prepared
    examples: SeriesExamples

    def past(self, index: int, step: int) -> dict[str, Any]:
        """Return what window `index` has read up to a step, as fields of `Example`."""
        at = int(self.examples.starts[index]) + step
        steps = max(STEPS, HORIZONS * self.plan.horizon)
        low = max(int(self.examples.lows[index]), at + 1 - steps)
        columns = self.plan.columns
        first = [name for name in columns.targets if name in columns.numbers] if self.plan.forecasts else []
        names = list(dict.fromkeys([*first, *columns.numbers]))[:CHANNELS]
        return {"past": self._values(names, slice(low, at + 1)), "labels": {"past": self._times(low, at + 1)}}

    def future(self, index: int, step: int) -> tuple[dict[str, list[float | None]], list[str]]:
        """Return what came after a step, of what is asked, and its times; fewer steps where the series ends."""
        at = int(self.examples.starts[index]) + step
        high = min(at + 1 + self.plan.horizon, int(self.examples.limits[index]))
        return self._values(self.plan.columns.targets, slice(at + 1, high)), self._times(at + 1, high)

    def asked(self, rows: Tensor) -> tuple[dict[str, list[float | None]], list[str]]:
        """Return the truth of what is asked at these rows of one series, ascending, and their times."""
        start, stop = int(rows[0]), int(rows[-1]) + 1
        truth, times = self._values(self.plan.columns.targets, slice(start, stop)), self._times(start, stop)
        places = (rows - start).tolist()
        chosen = {name: [values[i] for i in places] for name, values in truth.items()}
        return chosen, [times[i] for i in places if times]

    def _values(self, names: Sequence[str], part: slice) -> dict[str, list[float | None]]:
        rows, scaling = self.prepared.rows, self.plan.scaling
        places = torch.tensor(self.plan.columns.places(names), dtype=torch.long)
        where = torch.arange(part.start, part.stop)[None]
        found = rows.truths(where, rows.values[where], places)[0]  # (T, K)
        values = (
            found.double() * torch.from_numpy(scaling.scale)[places]
            + torch.from_numpy(scaling.center)[places]
        )
        scales = scaling.scale[places.numpy()].tolist()
        return {name: _plain(values[:, place], scales[place]) for place, name in enumerate(names)}

    def _times(self, start: int, stop: int) -> list[str]:
        table = self.prepared.table
        if table.times is None or table.clock is None:
            return []
        return [str(table.clock.write(time)) for time in table.times[start:stop]]


def in_units(plan: Plan, name: str, values: Tensor) -> list[float]:
    """Write scaled values (T,) of a column in the user's units."""
    (place,) = plan.columns.places([name])
    scale = float(plan.scaling.scale[place])
    given = values.double() * scale + float(plan.scaling.center[place])
    return [written_number(value, scale) for value in given.tolist()]


def _plain(values: Tensor, scale: float) -> list[float | None]:
    return [None if value != value else written_number(value, scale) for value in values.tolist()]

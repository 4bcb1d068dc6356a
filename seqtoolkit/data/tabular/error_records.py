"""Measures of a forecast with 95 % intervals, and its skill against each baseline, from sums by units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.data.intervals import interval, skill_interval
from seqtoolkit.quality import Quality
from seqtoolkit.retention.bootstrap import RESAMPLES, resampled_sums

if TYPE_CHECKING:
    from seqtoolkit.data.tabular.quality import Outputs

Floats = NDArray[np.float64]


def error_records(
    sums: Floats, steps: Floats, outputs: Outputs, baselines: Sequence[str], unit: str
) -> list[Quality]:
    """Return the records of a split.

    Args:
        sums: (U, C, S) of each unit and value: see `SeriesQuality`.
        steps: (H, S) of each step of the horizon.
        outputs: what was asked.
        baselines: their names, in the order of the sums.
        unit: what was resampled, in words.
    """
    seen = sums[sums[:, :, 0].sum(1) > 0]
    if not len(seen):
        return []
    flat = seen.reshape(len(seen), -1)
    drawn = np.concatenate([flat.sum(0, keepdims=True), resampled_sums(flat)]).reshape(-1, *seen.shape[1:])
    settings: dict[str, Any] = {
        "interval": f"percentile bootstrap over {unit}, paired with the baseline",
        "resamples": RESAMPLES,
    }
    records = _Records(outputs, list(baselines), len(seen), settings)
    found = records.of(drawn.sum(1), *_overall(outputs), steps)
    if len(outputs.names) > 1 and outputs.apart > 1:
        for place, name in enumerate(outputs.names):
            found += records.of(drawn[:, place], name, f"of {name}", float(outputs.scale[place]))
    return found


def _overall(outputs: Outputs) -> tuple[str, str, float]:
    if len(outputs.names) == 1:
        return "", f"of {outputs.names[0]}", float(outputs.scale[0])
    return "", "training standard deviations", 1.0


class _Records:
    """Makes the records of one value, or of all, from what was drawn (1 + resamples, S), the data first."""

    def __init__(self, outputs: Outputs, baselines: list[str], units: int, settings: dict[str, Any]) -> None:
        self.outputs, self.baselines, self.units, self.settings = outputs, baselines, units, settings

    def of(
        self, drawn: Floats, name: str, unit: str, scale: float, steps: Floats | None = None
    ) -> list[Quality]:
        """Return a record for each measure and baseline, and how far the coverage is from the nominal one."""
        measures, found = self.outputs.measures, []
        count = np.maximum(drawn[:, 0], 1e-300)  # a resample without one known target counts as no error
        for number, measure in enumerate(measures):
            factor = scale**2 if measure == "mse" else scale
            ours = drawn[:, 2 + number] / count * factor
            bases = [
                (base, drawn[:, 2 + number + place * len(measures)] / count * factor)
                for place, base in enumerate(self.baselines, 1)
            ]
            for base, theirs in sorted(bases, key=lambda pair: pair[1][0]):
                more = self._by_step(number, factor, steps)
                found.append(
                    self._error(
                        f"{measure} {name}".strip(), _squared(unit, measure), ours, base, theirs, more
                    )
                )
        if self.outputs.levels:
            found.append(self._coverage(name, drawn[:, 1] / count))
        return found

    def _error(
        self, measure: str, unit: str, ours: Floats, baseline: str, theirs: Floats, more: dict[str, Any]
    ) -> Quality:
        skill = 1 - np.divide(ours, theirs, out=np.ones_like(ours), where=theirs > 0)
        return Quality(
            measure=measure,
            unit=unit,
            higher_is_better=False,
            n=self.units,
            **interval(ours),
            baseline=baseline,
            baseline_estimate=float(theirs[0]),
            **skill_interval(skill),
            settings=self.settings | more,
        )

    def _coverage(self, name: str, shares: Floats) -> Quality:
        """Return how far the covered share is from the nominal one: too wide a band is as wrong as too narrow a one."""
        levels, covered = self.outputs.levels, interval(shares)
        nominal = round(levels[-1] - levels[0], 12)
        return Quality(
            measure=f"coverage_error {name}".strip(),
            unit="share",
            higher_is_better=False,
            n=self.units,
            **distance(covered, nominal),
            settings=self.settings
            | {"nominal": nominal, "levels": [levels[0], levels[-1]], "covered": covered["estimate"]},
        )

    def _by_step(self, number: int, factor: float, steps: Floats | None) -> dict[str, Any]:
        """Return the error at each step of the horizon, of the model and of each baseline."""
        if steps is None or len(steps) == 1:
            return {}
        count, width = np.maximum(steps[:, 0], 1), len(self.outputs.measures)
        names = ["model", *self.baselines]
        curves = {
            name: steps[:, 2 + number + place * width] / count * factor for place, name in enumerate(names)
        }
        return {"by_step": {name: curve.tolist() for name, curve in curves.items()}}


def distance(found: Mapping[str, float], point: float) -> dict[str, Any]:
    """Return the distance of an estimate from a point, with the distances that its interval leaves possible."""
    away = {name: abs(value - point) for name, value in found.items()}
    bounds = sorted((away["lower"], away["upper"]))
    if found["lower"] <= point <= found["upper"]:
        bounds[0] = 0.0
    return {"estimate": away["estimate"], "lower": bounds[0], "upper": bounds[1]}


def _squared(unit: str, measure: str) -> str:
    return f"{unit}, squared" if measure == "mse" else unit

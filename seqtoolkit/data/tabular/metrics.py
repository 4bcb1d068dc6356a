"""Which measures a split of a series has, by its task."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.data.labelled.class_quality import ClassQuality
from seqtoolkit.data.metric import SequenceMetric
from seqtoolkit.data.tabular.baselines import (
    Baseline,
    Constant,
    LastValue,
    SeasonAgo,
    spread_of,
    training_errors,
)
from seqtoolkit.data.tabular.classes import StepClasses
from seqtoolkit.data.tabular.curves import SeriesCurves
from seqtoolkit.data.tabular.examples import SeriesExamples
from seqtoolkit.data.tabular.fit import Fitted
from seqtoolkit.data.tabular.forecasts import SeriesForecasts, fields_of
from seqtoolkit.data.tabular.quality import Outputs, SeriesQuality
from seqtoolkit.data.tabular.shown import Shown
from seqtoolkit.data.tabular.step_examples import StepExamples
from seqtoolkit.data.tabular.units import Units, units_of
from seqtoolkit.losses import Loss


class SplitMetrics:
    """Makes the metrics of a split from its windows and those of training."""

    def __init__(
        self,
        fitted: Fitted,
        spec: dict[str, Any],
        split: str,
        examples: SeriesExamples,
        training: SeriesExamples,
    ) -> None:
        self.plan, self.spec, self.classes = fitted.plan, spec, fitted.classes
        self.examples, self.training = examples, training
        self.shown = Shown(fitted.plan, fitted.of(split), examples)

    def metrics(self) -> dict[str, SequenceMetric]:
        """Return new metrics, by name."""
        if self.plan.columns.label is None:
            return self._of_values()
        if self.plan.at == "step":
            steps = StepClasses(self.examples, self._units, self.classes, self._class_counts())
            return {"classes": steps, "worst": StepExamples(self.shown, self.classes)}
        ends = torch.from_numpy(self.examples.windows.start + self.examples.windows.length - 1)
        truth = self.examples.rows.labels[ends].numpy().clip(min=0).astype(np.int64)
        show = partial(fields_of, self.shown)
        return {"classes": ClassQuality(truth, self.classes, self._class_counts(), show)}

    def _of_values(self) -> dict[str, SequenceMetric]:
        outputs = self._outputs
        shape = (len(outputs.names), outputs.horizon)
        baselines = [(baseline, self._spread(baseline, shape)) for baseline in self._baselines]
        found: dict[str, SequenceMetric] = {
            "errors": SeriesQuality(self.examples, self._units, outputs, baselines)
        }
        if self.plan.forecasts:
            return found | {"forecasts": SeriesForecasts(self.shown, outputs, Loss.of(self.spec))}
        return found | {"curves": SeriesCurves(self.shown, outputs, Loss.of(self.spec))}

    def _spread(self, baseline: Baseline, shape: tuple[int, int]) -> Tensor:
        """Return the quantiles of the errors that a baseline makes in training, (K, H, Q), where any are asked."""
        levels = self._outputs.levels
        if not levels:
            return torch.zeros(*shape, 0)
        return spread_of(training_errors(baseline, self.training, shape), levels)

    @property
    def _outputs(self) -> Outputs:
        plan = self.plan
        names = plan.columns.targets
        scale = torch.from_numpy(plan.scaling.scale[plan.columns.places(names)])
        levels = self.spec.get("quantiles", [])
        return Outputs(names, scale, max(1, plan.horizon), levels, self.spec.get("loss", "mse"))

    @property
    def _baselines(self) -> list[Baseline]:
        plan, outputs = self.plan, self._outputs
        columns = torch.tensor(plan.columns.places(outputs.names))
        if plan.forecasts:
            season = self.spec.get("seasonal")
            found: list[Baseline] = [LastValue(columns, plan.horizon)]
            return [*found, SeasonAgo(columns, plan.horizon, season)] if season else found
        zero = torch.zeros(len(columns))
        if outputs.levels:
            return [Constant(zero, "training quantiles")]
        if outputs.loss == "mae":
            errors = training_errors(Constant(zero), self.training, (len(columns), 1))
            return [Constant(spread_of(errors, [0.5])[:, 0, 0], "training median")]
        return [Constant(zero)]

    @property
    def _units(self) -> Units:
        table, start = self.shown.prepared.table, self.examples.windows.start
        return units_of(
            self.examples, table.group[start], max(1, self.plan.horizon), self.spec.get("seasonal")
        )

    def _class_counts(self) -> list[int]:
        """Count the classes of the training rows, or of the ends of training groups."""
        rows, windows = self.training.rows, self.training.windows
        mine = rows.split == self.training.part
        if self.plan.at == "end":
            mine = torch.zeros_like(mine)
            mine[torch.from_numpy(windows.start + windows.length - 1)] = True
        labels = rows.labels[mine].long()
        counts: list[int] = torch.bincount(labels[labels >= 0], minlength=len(self.classes)).tolist()
        return counts

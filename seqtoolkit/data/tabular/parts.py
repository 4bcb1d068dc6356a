"""The windows of each split of a series: where they lie, what they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch

from seqtoolkit.data.shares import SPLITS
from seqtoolkit.data.tabular.examples import Label, Later, Same, SeriesExamples, Targets
from seqtoolkit.data.tabular.fit import Fitted
from seqtoolkit.data.tabular.windows import Regions, Windows, cover, ends, regions, spread

WINDOWS = 64  # of validation or test, where there are as many steps


class SeriesParts:
    """Makes the examples of a split.

    Args:
        fitted: what was read.
        options: of `SeriesData`: history, stride and seed.
    """

    def __init__(self, fitted: Fitted, options: Mapping[str, Any]) -> None:
        self.fitted, self.plan, self.options = fitted, fitted.plan, options
        self._found: dict[str, Regions] = {}

    def examples(self, split: str) -> SeriesExamples:
        """Return the windows of a split; raises ValueError when it has none."""
        found = self._regions(split)
        if not len(found.start):
            table = self.fitted.of(split).table
            raise ValueError(
                f"{table.file}: {split} has nothing to answer: no group has two of its {len(table):,} rows in it"
            )
        return self._examples(split, self._windows(split, found))

    def moved(self, epoch: int) -> SeriesExamples:
        """Return as many training windows, of the same lengths, at the places of an epoch."""
        random = np.random.default_rng([self.options["seed"], epoch])
        return self._examples("train", spread(self._regions("train"), self._window, self._stride, random))

    @property
    def history(self) -> int:
        """Steps that a window reads before its first answer; a window has at least one answer."""
        history: int | None = self.options["history"]
        window = self.plan.window or 1
        return window // 2 if history is None else min(history, window - 1)

    def _measured_history(self, found: Regions) -> int:
        """Let many windows answer for a few steps each, where there are few steps: it costs little and tells more."""
        if self.options["history"] is not None:
            return self.history
        steps = int((found.stop - found.start).sum())
        return self._window - max(1, min(self._window // 2, steps // WINDOWS))

    def _regions(self, split: str) -> Regions:
        """Find them once: every epoch asks for those of training."""
        if split not in self._found:
            rows = self.fitted.of(split)
            part = SPLITS.index(split)
            self._found[split] = regions(rows.segments, rows.rows.split.numpy(), part, self.plan.horizon)
        return self._found[split]

    def _windows(self, split: str, found: Regions) -> Windows:
        if self.plan.at == "end":
            return ends(found, self.plan.window)
        if split == "train":
            return spread(found, self._window, self._stride)
        return cover(found, self._window, self._measured_history(found))

    def _examples(self, split: str, windows: Windows) -> SeriesExamples:
        return SeriesExamples(self.fitted.of(split).rows, windows, self._targets, SPLITS.index(split))

    @property
    def _window(self) -> int:
        assert self.plan.window is not None
        return self.plan.window

    @property
    def _stride(self) -> int:
        stride: int | None = self.options["stride"]
        return self._window if stride is None else stride

    @cached_property
    def _targets(self) -> Targets:
        columns = self.plan.columns
        if columns.label is not None:
            return Label()
        places = torch.tensor(columns.places(columns.targets))
        return Later(places, self.plan.horizon) if self.plan.forecasts else Same(places)

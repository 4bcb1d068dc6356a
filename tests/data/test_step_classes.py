"""Steps are classified beside the majority, and every answer is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from seqtoolkit.data.tabular.classes import StepClasses
from seqtoolkit.quality import Confusion, Quality
from tests.data.series_answered import run, series, targets


def test_steps_are_classified_beside_the_majority(tmp_path: Path) -> None:
    data = series(tmp_path, (600,), task="classification", at="step", targets=["kind"])
    certain = lambda batch: 20.0 * torch.nn.functional.one_hot(batch.targets[batch.mask], 2)  # noqa: E731
    metric, values = run(data, certain, "classes")
    assert isinstance(metric, StepClasses)
    assert float(values["accuracy"]) == 1
    truth = targets(data)
    assert data.spec["classes"] == ["off", "on"]
    assert float(values["majority_accuracy"]) == pytest.approx(float((truth == 1).float().mean()))
    accuracy, loss, confusion = metric.records(values)
    assert isinstance(accuracy, Quality)
    assert isinstance(loss, Quality)
    assert (accuracy.skill, accuracy.baseline) == (1, "majority class")
    assert loss.baseline_estimate == pytest.approx(0.61, abs=0.1)  # nats of 70 %
    assert isinstance(confusion, Confusion)
    assert confusion.counts == [[int((truth == 0).sum()), 0], [0, int((truth == 1).sum())]]

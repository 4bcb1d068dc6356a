"""Classes and values of whole sequences: measures as defined, baselines of training, and the worst examples first."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from seqtoolkit.batch import Batch
from seqtoolkit.data.labelled.class_quality import ClassQuality
from seqtoolkit.data.labelled.class_records import class_records
from seqtoolkit.data.labelled.value_quality import ValueQuality
from seqtoolkit.quality import Confusion, Example, Quality


def batch(index: list[int], targets: Tensor) -> Batch:
    """Examples of two steps each, asked at the second."""
    n = len(index)
    mask = torch.tensor([[False, True]]).expand(n, 2)
    spread = torch.stack([torch.zeros_like(targets), targets], 1)
    return Batch(torch.zeros(n, 2, 1), torch.full((n,), 2), spread, mask, index=torch.tensor(index))


def measured(
    scores: Tensor, truth: NDArray[np.int64], counts: list[int], parts: list[list[int]]
) -> ClassQuality:
    names = [f"c{i}" for i in range(scores.shape[1])]
    metric = ClassQuality(truth, names, counts, lambda row: {"past": {"a": [float(row)]}})
    for rows in parts:
        metric.update(None, batch(rows, torch.from_numpy(truth[rows])), scores[rows])  # type: ignore[arg-type]
    return metric


def by_name(records: Any) -> dict[str, Quality]:
    return {record.measure: record for record in records if isinstance(record, Quality)}


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=30), st.integers(0, 9))
def test_measures_are_as_defined_whatever_the_batches(pairs: list[tuple[int, int]], seed: int) -> None:
    truth, answers = (np.array(column) for column in zip(*pairs, strict=True))
    random = np.random.default_rng(seed)
    scores = torch.from_numpy(random.normal(size=(len(truth), 3)))
    scores[torch.arange(len(truth)), torch.from_numpy(answers)] += 9
    order = random.permutation(len(truth)).tolist()
    cut = int(random.integers(1, len(truth)))
    metric = measured(scores, truth, [5, 1, 1], [order[:cut], order[cut:]])
    values = metric.compute()
    assert float(values["accuracy"]) == pytest.approx((truth == answers).mean())
    f1 = [
        2 * ((truth == c) & (answers == c)).sum() / ((truth == c).sum() + (answers == c).sum())
        for c in range(3)
        if (truth == c).any() or (answers == c).any()
    ]
    assert float(values["macro_f1"]) == pytest.approx(np.mean(f1), abs=1e-6)
    records = metric.records(values)
    found = by_name(records)
    assert found["macro_f1"].estimate == pytest.approx(float(values["macro_f1"]), abs=1e-6)
    majority = (truth == 0).mean()
    assert found["accuracy"].baseline_estimate == pytest.approx(majority)
    if majority < 1:
        skill = ((truth == answers).mean() - majority) / (1 - majority)
        assert found["accuracy"].skill == pytest.approx(skill)
    confusion = next(record for record in records if isinstance(record, Confusion))
    expected = [[int(((truth == a) & (answers == b)).sum()) for b in range(3)] for a in range(3)]
    assert confusion.counts == expected
    for record in records:
        plain = json.loads(json.dumps(record.to_dict()))
        assert type(record).from_dict(plain) == record


def test_the_worst_examples_come_first_with_what_was_answered() -> None:
    truth = np.zeros(20, dtype=np.int64)
    scores = torch.zeros(20, 2)
    scores[:, 1] = torch.arange(20) - 5.0
    metric = measured(scores, truth, [1, 1], [list(range(20))])
    shown = [record for record in metric.records(metric.compute()) if isinstance(record, Example)]
    assert [one.index for one in shown] == list(range(19, 11, -1))
    assert (shown[0].truth, shown[0].answer, shown[0].past) == ("c0", "c1", {"a": [19.0]})
    assert [one.loss for one in shown] == sorted((one.loss for one in shown), reverse=True)


def test_examples_that_were_not_measured_are_left_out() -> None:
    metric = measured(torch.tensor([[1.0, 0]] * 4), np.array([0, 1, 0, 1]), [1, 1], [[2]])
    found = by_name(metric.records(metric.compute()))
    assert (found["accuracy"].n, found["accuracy"].estimate) == (1, 1.0)


def test_the_loss_stands_beside_the_frequencies_of_training() -> None:
    truth = np.array([0, 0, 1])
    scores = torch.log(torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]))
    metric = measured(scores, truth, [2, 0], [[0, 1, 2]])
    loss = by_name(metric.records(metric.compute()))["loss"]
    assert loss.estimate == pytest.approx(-np.log([0.9, 0.8, 0.7]).mean(), abs=1e-6)
    assert loss.baseline_estimate == pytest.approx(-np.log([0.75, 0.75, 0.25]).mean())
    assert loss.skill == pytest.approx(1 - loss.estimate / loss.baseline_estimate)  # type: ignore[operator]


def test_intervals_narrow_with_the_test_and_hold_what_is_true() -> None:
    """Of 60 tests of a classifier that is right 80 % of the time, about 57 intervals hold 80 %."""
    random, held, widths = np.random.default_rng(0), 0, []
    for _ in range(60):
        truth = random.integers(0, 3, 200)
        answers = np.where(random.random(200) < 0.8, truth, (truth + 1) % 3)
        confusion = np.zeros((3, 3), dtype=np.int64)
        np.add.at(confusion, (truth, answers), 1)
        f1 = class_records(confusion, truth, np.ones(200), "abc", [1, 1, 1])[1]
        held += f1.lower <= 0.8 <= f1.upper
        widths.append(f1.upper - f1.lower)
    assert held >= 51
    assert 0.08 < np.mean(widths) < 0.14


def test_a_baseline_that_is_always_right_leaves_no_skill() -> None:
    metric = measured(torch.tensor([[1.0, 0]] * 3), np.zeros(3, dtype=np.int64), [9, 1], [[0, 1, 2]])
    accuracy = by_name(metric.records(metric.compute()))["accuracy"]
    assert (accuracy.estimate, accuracy.baseline_estimate, accuracy.skill) == (1.0, 1.0, 0.0)


def test_errors_of_values_are_in_the_units_of_the_user() -> None:
    truth = np.array([10.0, 20.0, 40.0])
    metric = ValueQuality(truth, center=30.0, scale=10.0, show=lambda row: {})
    answers = torch.tensor([[-1.0], [-1.0], [1.0]])  # 20, 20 and 40
    targets = torch.from_numpy((truth - 30) / 10)[:, None].float()
    metric.update(None, batch([2, 0, 1], targets[[2, 0, 1]]), answers[[2, 0, 1]])  # type: ignore[arg-type]
    values = metric.compute()
    assert float(values["rmse"]) == pytest.approx(np.sqrt(100 / 3))
    assert float(values["mae"]) == pytest.approx(10 / 3)
    records = metric.records(values)
    found = by_name(records)
    assert found["mae"].baseline_estimate == pytest.approx((20 + 10 + 10) / 3)
    assert found["rmse"].skill == pytest.approx(1 - np.sqrt(100 / 3) / np.sqrt(200))
    worst = next(record for record in records if isinstance(record, Example))
    assert (worst.index, worst.truth, worst.answer) == (0, "10", "20")

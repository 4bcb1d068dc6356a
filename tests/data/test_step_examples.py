"""The worst steps of a classification: one of each window, those of the largest loss, with what had been read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqtoolkit.batch import Batch
from seqtoolkit.data.answered import WORST
from seqtoolkit.data.series import SeriesData
from seqtoolkit.data.tabular import step_examples
from seqtoolkit.data.tabular.step_examples import StepExamples
from seqtoolkit.model import SequenceModel
from seqtoolkit.quality import Example

MODEL = cast(SequenceModel, None)  # it is not asked again


@pytest.fixture
def data(tmp_path: Path) -> SeriesData:
    random = np.random.default_rng(0)
    kinds = [None if place < 0.1 else "on" if place < 0.5 else "off" for place in random.random(900).tolist()]
    frame = pl.DataFrame({"time": np.arange(900), "load": random.standard_normal(900), "kind": kinds})
    frame.write_parquet(tmp_path / "t.parquet")
    given: dict[str, Any] = {
        "task": "classification",
        "targets": ["kind"],
        "channels": ["load"],
        "at": "step",
    }
    return SeriesData(
        str(tmp_path / "t.parquet"), time="time", window=16, history=4, shares=(0.4, 0.4, 0.2), **given
    )


def scores_of(batch: Batch) -> Tensor:
    """Answer by chance, the same for each step wherever its batch is."""
    row, step = batch.mask.nonzero(as_tuple=True)
    assert batch.index is not None
    place = (batch.index[row] * 1000 + step).double()
    return torch.stack([torch.sin(place), torch.cos(3 * place)], 1).float() * 4


def measured(data: SeriesData) -> tuple[list[Example], dict[int, list[tuple[float, int, int, int]]]]:
    """Return the records, and by hand (loss, step, truth, answer) of every answered step of each window."""
    metric = cast(StepExamples, data.metrics("val")["worst"])
    by_hand: dict[int, list[tuple[float, int, int, int]]] = {}
    for batch in data.val_dataloader():
        scores, truth = scores_of(batch), batch.targets[batch.mask]
        metric.update(MODEL, batch, scores)
        losses = cross_entropy(scores, truth, reduction="none")
        row, step = batch.mask.nonzero(as_tuple=True)
        assert batch.index is not None
        columns = (losses, step, truth, scores.argmax(-1))
        for index, *found in zip(*(one.tolist() for one in (batch.index[row], *columns)), strict=True):
            by_hand.setdefault(index, []).append(tuple(found))
    return metric.records(metric.compute()), by_hand


def test_the_worst_step_of_the_worst_windows_is_shown(data: SeriesData) -> None:
    found, by_hand = measured(data)
    expected = sorted(((*max(steps), index) for index, steps in by_hand.items()), reverse=True)[:WORST]
    assert len(by_hand) > WORST == len(found)
    names = data.spec["classes"]
    for one, (loss, step, truth, answer, index) in zip(found, expected, strict=True):
        assert one.index == index
        assert one.loss == pytest.approx(loss)
        assert (one.truth, one.answer) == (names[truth], names[answer])
        assert one.settings == {"step": step}
        batch = data.examples("val").collate(torch.tensor([index]))
        given = data.spec["inputs"]
        last = float(batch.inputs[0, step, 0]) * given["scale"][0] + given["center"][0]
        assert one.past["load"][-1] == pytest.approx(last, rel=1e-4)
        assert Example.from_dict(one.to_dict()) == one


def test_of_many_windows_some_are_kept(data: SeriesData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_examples, "KEPT", 3)
    found, by_hand = measured(data)
    assert {one.index for one in found} - {0, len(by_hand) - 1} <= {len(by_hand) // 2 - 1, len(by_hand) // 2}
    assert len(found) == 3
    assert all(one.loss == pytest.approx(max(by_hand[one.index])[0]) for one in found)

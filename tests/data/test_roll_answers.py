"""The worst rolls: those of the largest loss per frame, and in them the notes that cost most."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from seqtoolkit.data.labelled import roll_answers
from seqtoolkit.data.labelled.roll_answers import NOTES, WORST, RollAnswers
from seqtoolkit.data.labelled.roll_examples import roll_examples, whole_rolls
from seqtoolkit.data.labelled.sequences import Sequences
from seqtoolkit.data.rolls import RollData
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel
from seqtoolkit.quality import Example

MODEL = cast(SequenceModel, None)  # it is not asked again
COUNT, NAMES = 9, tuple(f"n{i}" for i in range(8))


@pytest.fixture
def rolls() -> Sequences:
    random = np.random.default_rng(0)
    lengths = random.integers(3, 12, COUNT)
    values = (random.random((int(lengths.sum()), 8)) < 0.3).astype(np.float32)
    return Sequences("x.npz", lengths, values, NAMES)


def measured(rolls: Sequences) -> tuple[list[Example], dict[int, torch.Tensor], dict[int, float]]:
    """Return the records, the scores (T, K) of each roll, and its loss per frame."""
    metric, loss = RollAnswers(rolls), Loss("labels")
    answers, losses = {}, {}
    for batch in whole_rolls(roll_examples(rolls)):
        scores = torch.randn(int(batch.mask.sum()), 8, generator=torch.Generator().manual_seed(1)) * 3
        metric.update(MODEL, batch, scores)
        row = batch.mask.nonzero()[:, 0]
        assert batch.index is not None
        for place, index in enumerate(batch.index.tolist()):
            answers[index] = scores[row == place]
            losses[index] = float(loss(scores, batch.targets[batch.mask])[row == place].mean())
    return metric.records(metric.compute()), answers, losses


def test_the_worst_rolls_come_first_with_their_worst_notes(rolls: Sequences) -> None:
    found, answers, losses = measured(rolls)
    assert [one.index for one in found] == sorted(losses, key=lambda index: -losses[index])[:WORST]
    for one in found:
        assert one.loss == pytest.approx(losses[one.index])
        truth = rolls.series(one.index)[1:]
        assert len(one.future) == len(one.forecast) == NOTES
        for name in one.future:
            note = NAMES.index(name)
            assert one.future[name] == truth[:, note].tolist()
            np.testing.assert_allclose(
                one.forecast[name][0], answers[one.index][:, note].sigmoid(), rtol=1e-3
            )
        shares = answers[one.index].double().sigmoid().numpy()
        cost = -np.log(np.where(truth > 0, shares, 1 - shares)).sum(0)
        assert set(one.future) == {NAMES[note] for note in np.argsort(-cost)[:NOTES]}
        assert Example.from_dict(one.to_dict()) == one


def test_of_long_rolls_the_first_frames_are_drawn_and_all_are_counted(
    rolls: Sequences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roll_answers, "FRAMES", 2)
    found, answers, losses = measured(rolls)
    for one in found:
        assert one.loss == pytest.approx(losses[one.index])
        for name, (shares,) in one.forecast.items():
            assert shares == pytest.approx(
                answers[one.index][:2, NAMES.index(name)].sigmoid().tolist(), rel=1e-3
            )


def test_the_rolls_of_a_run_are_kept(tmp_path: Path) -> None:
    """The data module offers the metric, beside that of the frames."""
    random = np.random.default_rng(0)
    rolls = random.integers(0, 2, (90, 12, 4)).astype(np.uint8)
    path = str(tmp_path / "r.npz")
    np.savez(path, x=rolls)
    kept = RollData(path, path).metrics("val")["worst"]
    assert isinstance(kept, RollAnswers)

"""recall and the untrained twin: the same curve as `seqtoolkit test`, and the same fresh weights for the same seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from seqtoolkit import SequenceModel
from seqtoolkit.data.recall import RecallData
from seqtoolkit.evaluation import Evaluation
from seqtoolkit.losses import Loss
from seqtoolkit.retention.recall import recall
from seqtoolkit.retention.twin import of_twin, twin
from seqtoolkit.retention.view import view
from seqtoolkit.task import SequenceTask
from tests.retention.known_flow import Ahead

DATA = RecallData(num_symbols=3, max_lag=8, length=24, test_per_lag=6, train_sequences=4)
DESCRIBED = SequenceTask("gru", d_model=16, num_layers=1, spec=DATA.spec).described
GIVEN: dict[str, Any] = {"chance": 1 / 3, "settings": {"max_lag": 8}}


def test_the_curve_is_that_of_test() -> None:
    model = twin(DESCRIBED, 0)
    evaluation = Evaluation(DATA.metrics("test"), Loss())
    for batch in DATA.test_dataloader():
        evaluation.update(model, batch)
    evaluation.conclude()
    (expected,) = evaluation.records
    settings = expected.settings  # type: ignore[union-attr]
    batches = list(DATA.test_dataloader())
    (found,) = recall(view(model), batches, DATA.test_lags, chance=1 / 3, settings=settings, seed=4)
    assert replace(found, seed=None) == expected
    assert (found.seed, found.settings["drive"]) == (4, "recall/test")


def test_what_cannot_be_asked() -> None:
    batches = list(DATA.test_dataloader())
    seen = view(twin(DESCRIBED, 0))
    with pytest.raises(ValueError, match=r"lags \[12, 16, 24, 32\], which are not among"):
        recall(seen, batches, DATA.val_lags, **GIVEN)
    with pytest.raises(ValueError, match="recall needs --data RecallData"):
        recall(seen, [replace(batch, lag=None) for batch in batches], DATA.test_lags, **GIVEN)
    with pytest.raises(ValueError, match="an encoder answers nothing"):
        recall(replace(seen, _head=None), batches, DATA.test_lags, **GIVEN)
    (batch, *_) = batches
    same = replace(batch, inputs=batch.inputs[:1].expand_as(batch.inputs))
    with pytest.raises(
        ValueError, match=rf"do not vary: all {2 * len(batch)} sequences .* as RecallData has them"
    ):
        recall(seen, [same, same], DATA.test_lags, **GIVEN)
    torch.nn.init.constant_(next(seen.model.parameters()), torch.nan)
    with pytest.raises(ValueError, match="features of this SequenceModel are not finite"):
        recall(seen, batches, DATA.test_lags, **GIVEN)


def test_a_model_that_sees_the_future_is_refused() -> None:
    spec = DATA.spec
    model = SequenceModel(Ahead, spec["num_classes"], vocab_size=spec["vocab_size"], d_model=8)
    with pytest.raises(ValueError, match="the model is not causal: changing its inputs from step"):
        recall(view(model), list(DATA.test_dataloader()), DATA.test_lags, **GIVEN)


def test_a_twin_follows_its_seed_and_nothing_follows_it() -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    one, again, other = twin(DESCRIBED, 1), twin(DESCRIBED, 1), twin(DESCRIBED, 2)
    assert torch.equal(torch.rand(1), expected)
    weights = [torch.cat([p.flatten() for p in model.parameters()]) for model in (one, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert not one.training
    batches = list(DATA.test_dataloader())
    records = of_twin(recall(view(one), batches, DATA.test_lags, **GIVEN))
    assert records[0].settings["twin"] is True

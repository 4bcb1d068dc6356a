"""Windows of a text, read one after another with carried state, are the whole text."""

from __future__ import annotations

import pytest
import torch

from seqtoolkit.batch import Batch
from seqtoolkit.carried import Carried, grows
from seqtoolkit.evaluation import Evaluation, score
from seqtoolkit.losses import Loss
from seqtoolkit.model import SequenceModel


def windows(tokens: torch.Tensor, steps: int, carried: bool = True) -> list[Batch]:
    """Cut (B, T + 1) tokens into windows that predict the next one."""
    rows, found = len(tokens), []
    for start in range(0, tokens.shape[1] - 1, steps):
        inputs = tokens[:, start : start + steps + 1]
        mask = torch.ones(rows, inputs.shape[1] - 1, dtype=torch.bool)
        lengths = torch.full((rows,), mask.shape[1])
        goes_on = start > 0 if carried else None
        found.append(Batch(inputs[:, :-1], lengths, inputs[:, 1:], mask, carried=goes_on))
    return found


@pytest.mark.parametrize("arch", ["rnn", "lstm", "gru"])
def test_windows_are_the_whole(arch: str) -> None:
    torch.manual_seed(0)
    model = SequenceModel(arch, 9, 9, d_model=8).eval()
    tokens = torch.randint(9, (3, 25))
    (whole,) = windows(tokens, 24)
    expected = score(model, whole, Loss()).losses.detach().mean()
    evaluation = Evaluation({}, Loss())
    for batch in windows(tokens, 7):
        evaluation.update(model, batch)
    torch.testing.assert_close(evaluation.conclude()["loss"], expected)
    for batch in windows(tokens, 7, carried=False):
        evaluation.update(model, batch)
    assert evaluation.conclude()["loss"] != pytest.approx(float(expected), abs=1e-6)


def test_a_first_window_begins_anew() -> None:
    model, carried = SequenceModel("gru", 5, 5, d_model=4), Carried()
    first, second = windows(torch.randint(5, (2, 9)), 4)
    assert carried.before(first) is None
    carried.after(model, first, score(model, first, Loss()).state)
    state = carried.before(second)
    assert state is not None
    assert not any(part.requires_grad for part in state)
    assert carried.before(first) is None


def test_a_state_from_a_file_goes_to_the_device_of_the_batch_and_is_for_its_rows_only() -> None:
    carried = Carried()
    carried.state = ({"h": torch.zeros(2, 4)}, None)
    second = windows(torch.randint(5, (2, 9)), 4)[1]
    second.inputs = second.inputs.to("meta")
    (found, none) = carried.before(second)  # type: ignore[misc]
    assert none is None
    assert found["h"].device.type == "meta"
    assert carried.before(windows(torch.randint(5, (3, 9)), 4)[1]) is None


def test_what_grows_is_not_carried() -> None:
    model, carried = SequenceModel("attention", 5, 5, d_model=8, dropout=0.5), Carried()
    batch = windows(torch.randint(5, (2, 9)), 8)[0]
    before = torch.random.get_rng_state()
    carried.after(model, batch, score(model.eval(), batch, Loss()).state)
    assert carried.state is None
    assert grows(model.train(), batch.inputs)
    assert grows(model, batch.inputs[:, :1])
    assert model.training
    assert (torch.random.get_rng_state() == before).all()

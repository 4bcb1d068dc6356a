"""Greedy decoding with carried state equals re-reading the prefix for every symbol, alone or in company."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtoolkit import SequenceMixer, SequenceModel
from seqtoolkit.decoding import greedy

END = 0


def naive(model: SequenceModel, prompt: list[int], max_steps: int) -> list[int]:
    """Read the whole prefix again for every symbol."""
    answer: list[int] = []
    while len(answer) < max_steps:
        token = int(model(torch.tensor([prompt + answer]))[0][0, -1].argmax())
        if token == END:
            break
        answer.append(token)
    return answer


@pytest.mark.parametrize("arch", ["rnn", "lstm", "gru", "attention"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_equals_rereading_the_prefix(arch: str, data: st.DataObject) -> None:
    torch.manual_seed(data.draw(st.integers(0, 1000)))
    model = SequenceModel(arch, num_classes=6, vocab_size=6, d_model=16).eval().double()
    prompts = data.draw(st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=6), min_size=1, max_size=6))
    expected = [naive(model, prompt, 8) for prompt in prompts]
    assert greedy(model, prompts, END, 8) == expected
    assert greedy(model, prompts, END, 8, batch_size=1) == expected


def test_a_model_that_never_ends_stops_at_max_steps() -> None:
    model = SequenceModel("gru", num_classes=3, vocab_size=3, d_model=8).eval()
    torch.nn.init.zeros_(model.head.weight)
    model.head.bias.data = torch.tensor([0.0, 1.0, 0.0])
    assert greedy(model, [[1], [2, 1]], END, 5) == [[1] * 5, [1] * 5]
    model.head.bias.data = torch.tensor([1.0, 0.0, 0.0])
    assert greedy(model, [[1], [2, 1]], END, 5) == [[], []]


def test_each_symbol_costs_one_step() -> None:
    model = SequenceModel("gru", num_classes=6, vocab_size=6, d_model=16).eval()
    seen: list[tuple[int, ...]] = []
    model.embedding.register_forward_hook(lambda module, inputs, output: seen.append(tuple(inputs[0].shape)))
    greedy(model, [[1, 2, 3]] * 4, END, 7)
    assert seen[0] == (4, 3)
    assert all(shape[1] == 1 for shape in seen[1:])
    assert len(seen) <= 7


def test_ended_rows_leave_the_batch() -> None:
    """The answer to n is n - 1, until 0 ends it: 1 ends at once, 4 takes three steps more."""
    rows: list[int] = []

    class Countdown(SequenceMixer):
        def __init__(self, d_model: int) -> None:
            super().__init__()

        def forward(self, x: torch.Tensor, state: object = None) -> tuple[torch.Tensor, object]:
            rows.append(len(x))
            return x, state

    model = SequenceModel(
        Countdown, num_classes=5, vocab_size=5, d_model=5, num_layers=1, block="plain"
    ).eval()
    model.embedding.weight.data = torch.eye(5)
    model.head.weight.data = torch.eye(5).roll(-1, 0)
    model.head.bias.data.zero_()
    assert greedy(model, [[1], [4], [3], [1]], END, 9) == [[], [3, 2, 1], [2, 1], []]
    assert rows == [4, 2, 2, 1]

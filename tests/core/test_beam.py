"""Beam search with enough beams is exhaustive search; whatever the batch, the answers are the same."""

from itertools import product

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seqtoolkit.beam import BeamStep, beam_search
from seqtoolkit.decoding import greedy
from seqtoolkit.encoder_decoder import EncoderDecoder
from seqtoolkit.model import SequenceModel

END = 2


class Table(nn.Module):
    """A language model whose scores depend on the whole prompt and answer so far, drawn from a seed."""

    def __init__(self, classes: int, seed: int, sharpness: float) -> None:
        super().__init__()
        self.classes, self.seed, self.sharpness = classes, seed, sharpness
        self.weight = nn.Parameter(torch.zeros(1))

    def advance(self, tokens: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        read = tokens if state is None else torch.cat([state, tokens], 1)
        return torch.stack([self.scores(row) for row in read.tolist()]), read

    mixes_lengths = False

    def begin(self, prompts: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        return self.advance(prompts)

    def branch(self, state: Tensor, going: Tensor | None, rows: Tensor) -> Tensor:
        return state[rows.flatten()]

    def scores(self, read: list[int]) -> Tensor:
        generator = torch.Generator().manual_seed(hash((self.seed, *read)) % 2**31)
        return self.sharpness * torch.randn(self.classes, generator=generator, dtype=torch.float64)


def all_answers(model: Table, prompt: list[int], max_steps: int, offset: int, penalty: float) -> list[tuple]:
    """Score every possible answer literally."""
    found = []
    symbols = [number for number in range(model.classes) if number != END]
    for n in range(max_steps + 1):
        for answer in product(symbols, repeat=n):
            ended = n < max_steps
            read, total = list(prompt), 0.0
            for number in [*answer, END] if ended else answer:
                total += model.scores(read).log_softmax(-1)[number].item()
                read.append(number + offset)
            found.append((total / ((5 + n + ended) / 6) ** penalty, list(answer), total, ended))
    return sorted(found, key=lambda one: -one[0])


@settings(max_examples=60)
@example(classes=4, max_steps=4, seed=3, sharpness=0.2, penalty=0.0)  # has answers that differ by 1e-7
@given(
    classes=st.integers(3, 4),
    max_steps=st.integers(1, 4),
    seed=st.integers(0, 10_000),
    sharpness=st.sampled_from([0.2, 1.0, 4.0]),
    penalty=st.sampled_from([0.0, 0.6, 1.0, 2.5]),
)
def test_with_enough_beams_it_is_exhaustive_search(
    classes: int, max_steps: int, seed: int, sharpness: float, penalty: float
) -> None:
    model, beams = Table(classes, seed, sharpness), (classes - 1) ** max_steps
    prompts = [[7, 1], [3], [9, 9], [1, 1]]
    found = beam_search(model, prompts, END, max_steps, 5, beams, penalty)
    for prompt, answers in zip(prompts, found, strict=True):
        expected = all_answers(model, prompt, max_steps, 5, penalty)[: len(answers)]
        assert len(answers) == beams
        assert [(one.tokens, one.ended) for one in answers] == [(one[1], one[3]) for one in expected]
        assert [one.score for one in answers] == pytest.approx([one[0] for one in expected], abs=1e-5)
        assert [one.log_probability for one in answers] == pytest.approx(
            [one[2] for one in expected], abs=1e-5
        )


def without_an_early_stop(
    model: Table, prompt: list[int], max_steps: int, offset: int, beams: int, penalty: float
) -> list[tuple]:
    """Search literally, with a few beams and to the last step."""
    going: list[tuple[list[int], float]] = [([], 0.0)]
    found = []
    for n in range(1, max_steps + 1):
        longer = []
        for answer, total in going:
            scores = model.scores([*prompt, *(number + offset for number in answer)]).log_softmax(-1).tolist()
            found.append(((total + scores[END]) / ((5 + n) / 6) ** penalty, answer, True))
            longer += [([*answer, c], total + scores[c]) for c in range(model.classes) if c != END]
        going = sorted(longer, key=lambda one: -one[1])[:beams]
    found += [(total / ((5 + max_steps) / 6) ** penalty, answer, False) for answer, total in going]
    return sorted(found, key=lambda one: -one[0])[:beams]


@settings(max_examples=60)
@given(
    beams=st.integers(1, 4),
    max_steps=st.integers(1, 9),
    seed=st.integers(0, 10_000),
    sharpness=st.sampled_from([0.5, 2.0, 4.0]),
    penalty=st.sampled_from([0.0, 0.6, 1.0, 2.5]),
)
def test_an_early_stop_changes_no_answer(
    beams: int, max_steps: int, seed: int, sharpness: float, penalty: float
) -> None:
    model, prompts = Table(4, seed, sharpness), [[7, 1], [3], [9, 9]]
    for prompt, answers in zip(
        prompts, beam_search(model, prompts, END, max_steps, 5, beams, penalty), strict=True
    ):
        expected = without_an_early_stop(model, prompt, max_steps, 5, beams, penalty)
        assert [(one.tokens, one.ended) for one in answers] == [one[1:] for one in expected]
        assert [one.score for one in answers] == pytest.approx([one[0] for one in expected], abs=1e-5)


def models() -> list[nn.Module]:
    torch.manual_seed(0)
    joined = SequenceModel("gru", num_classes=6, vocab_size=10, d_model=16, block="plain")
    fixed = EncoderDecoder("lstm", num_classes=6, vocab_size=10, d_model=16)
    after = EncoderDecoder("gru", num_classes=6, vocab_size=10, attention="additive", d_model=16)
    before = EncoderDecoder(
        "attention", num_classes=6, vocab_size=10, encoder="rnn", attention="dot", attend="before", d_model=16
    )
    for model in (joined, fixed, after, before):
        for weights in model.parameters():
            nn.init.normal_(weights, std=0.5)  # with opinions of its own
    return [model.eval() for model in (joined, fixed, after, before)]


PROMPTS = [[*map(int, word), 4] for word in "0 13 21 320 111 3 02 3120".split()]


@pytest.mark.parametrize("model", models(), ids=["joined", "fixed vector", "after", "before"])
def test_answers_do_not_depend_on_the_batch(model: nn.Module) -> None:
    together = beam_search(model, PROMPTS, 5, 8, 4, beams=3)
    plain = greedy(model, PROMPTS, 5, 8, offset=4)
    for size in (1, 2):
        apart = beam_search(model, PROMPTS, 5, 8, 4, beams=3, batch_size=size)
        for one, other in zip(apart, together, strict=True):
            assert [found.tokens for found in one] == [found.tokens for found in other]
            assert [found.score for found in one] == pytest.approx([found.score for found in other], abs=1e-4)
        assert greedy(model, PROMPTS, 5, 8, offset=4, batch_size=size) == plain
    backwards = beam_search(model, PROMPTS[::-1], 5, 8, 4, beams=3)[::-1]
    assert [[found.tokens for found in one] for one in backwards] == [
        [found.tokens for found in one] for one in together
    ]
    assert len({round(one[0].score, 4) for one in together}) > len(PROMPTS) // 2  # it does read the prompts


@pytest.mark.parametrize("model", models(), ids=["joined", "fixed vector", "after", "before"])
def test_one_beam_is_greedy_and_scores_are_the_models(model: nn.Module) -> None:
    best = [many[0] for many in beam_search(model, PROMPTS, 5, 8, 4, beams=1, length_penalty=0)]
    plain = greedy(model, PROMPTS, 5, 8, offset=4)
    for prompt, one, answer in zip(PROMPTS, best, plain, strict=True):
        told = answer + [5] * (len(answer) < 8)
        total, tokens, state = 0.0, torch.tensor([prompt]), None
        for number in told:
            scores, state = model.advance(tokens, state)
            total += scores.log_softmax(-1)[0, number].item()
            tokens = torch.tensor([[number + 4]])
        assert (
            one.score >= total - 1e-4
        )  # it goes on beside an end that it has found, and may find a better one
        if one.tokens == answer:
            assert one.log_probability == pytest.approx(total, abs=1e-4)


def test_more_beams_never_find_worse() -> None:
    model = Table(5, 3, 2.0)
    best = [
        beam_search(model, [[1, 2]], END, 6, 5, beams, length_penalty=0)[0][0].score
        for beams in (1, 2, 4, 4**6)
    ]
    assert best[-1] >= max(best) - 1e-6


def test_the_history_leads_to_every_answer() -> None:
    history: list[BeamStep] = []
    model = Table(5, 1, 1.0)
    answers = beam_search(model, [[1, 2]], END, 5, 5, 3, history=history)[0]
    paths = {0: [()]}
    for n, step in enumerate(history, 1):
        before = paths[n - 1]
        paths[n] = [
            (*before[parent], number)
            for parent, number in zip(
                *map(list, (step.parents[0].tolist(), step.classes[0].tolist())), strict=True
            )
        ]
    for one in answers:
        assert tuple(one.tokens) in paths[len(one.tokens)]


@pytest.mark.parametrize("wrong", [{"beams": 0}, {"beams": 4097}, {"max_steps": 0}, {"length_penalty": -1.0}])
def test_impossible_options_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="expected at least"):
        beam_search(Table(3, 0, 1.0), [[1]], END, **{"max_steps": 3, **wrong})


class Ending(Table):
    """Ends at once after a prompt of two tokens, and hardly ever after others; remembers what it was given to read."""

    def __init__(self) -> None:
        super().__init__(4, 0, 1.0)
        self.shapes: list[tuple[int, ...]] = []

    def advance(self, tokens: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self.shapes.append(tuple(tokens.shape))
        return super().advance(tokens, state)

    def scores(self, read: list[int]) -> Tensor:
        return torch.tensor([0.0, 0.1, 6.0 if read[:1] == [1] else -60.0, 0.2])


def test_a_prompt_is_done_as_soon_as_nothing_can_be_better_and_each_symbol_costs_one_step() -> None:
    model, history = Ending(), list[BeamStep]()
    found = beam_search(model, [[1, 7], [3, 7]], END, 6, 5, beams=2, length_penalty=0, history=history)
    assert [step.rows.tolist() for step in history] == [[0, 1], [0, 1], [1], [1], [1], [1]]
    assert model.shapes == [(2, 2), (4, 1), *[(2, 1)] * 4]
    assert [[(len(one.tokens), one.ended) for one in each] for each in found] == [
        [(0, True), (1, True)],
        [(6, False)] * 2,
    ]
    model, history = Ending(), []
    beam_search(model, [[1, 7]], END, 50, 5, beams=2, length_penalty=0, history=history)
    assert len(history) == 2

"""Batched beam search with carried state: the best answers to each prompt, as if all of them had been compared."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtoolkit.beam_found import Found
from seqtoolkit.decoding import Decodable, Hypothesis, batched, greedy
from seqtoolkit.mixer import State

MOST_BEAMS = 4096  # each is a row of the model's batch, for every prompt


def answer(
    model: Decodable,
    prompts: list[list[int]],
    end: int,
    max_steps: int,
    offset: int = 0,
    beams: int = 1,
    length_penalty: float = 1.0,
) -> list[list[Hypothesis]]:
    """Return the answers to every prompt, best first: one that is greedy (and has no score), or those of `beams`."""
    if beams > 1:
        return beam_search(model, prompts, end, max_steps, offset, beams, length_penalty)
    answers = greedy(model, prompts, end, max_steps, offset)
    return [[Hypothesis(one, math.nan, math.nan, len(one) < max_steps)] for one in answers]


@dataclass(frozen=True)
class BeamStep:
    """One step of a search: which K beams of each of B prompts went on, and with what; for looking at."""

    parents: Tensor  # (B, K) the beam of the step before that each one continues
    classes: Tensor  # (B, K) the class it continues with
    totals: Tensor  # (B, K) its log probability so far
    ends: Tensor  # (B, K') the log probability of each beam of the step before, ended here
    rows: Tensor  # (B,) which prompts of the batch these are: those that are done have left


@torch.inference_mode()
def beam_search(
    model: Decodable,
    prompts: list[list[int]],
    end: int,
    max_steps: int,
    offset: int = 0,
    beams: int = 4,
    length_penalty: float = 1.0,
    batch_size: int = 256,
    history: list[BeamStep] | None = None,
) -> list[list[Hypothesis]]:
    """Return up to `beams` answers to every prompt, best first.

    An answer y of n symbols, its end mark included, scores log p(y) / ((5 + n) / 6) ^ length_penalty (Wu et al. 2016,
    eq. 14); one that is cut at `max_steps` counts as it stands. At each step every beam may end, and the `beams` best
    other continuations go on. A prompt is done as soon as nothing that goes on can still score better than what has
    ended. With as many beams as there are prefixes, this is exhaustive search. Memory is linear in batch,
    beams and length.

    Args:
        model: in eval mode.
        prompts: tokens; `batch_size` of them are decoded together, see `batched`.
        end: the class that ends an answer.
        max_steps: symbols in the longest answer, its end mark included.
        offset: a class is fed back as token class + offset.
        beams: how many continuations go on.
        length_penalty: 0 compares log probabilities as they are; more favours longer answers.
        history: filled with what happened at each step, batch after batch.

    Raises:
        ValueError: beams is below 1 or above 4096, max_steps is below 1, or the length penalty is negative.
    """
    if not 1 <= beams <= MOST_BEAMS:
        raise ValueError(f"beams={beams}: expected at least 1 and at most {MOST_BEAMS}")
    if max_steps < 1 or length_penalty < 0:
        raise ValueError(f"max_steps={max_steps}, length_penalty={length_penalty}: expected at least 1 and 0")
    answers: list[list[Hypothesis]] = [[] for _ in prompts]
    for rows, tokens, lengths in batched(model, prompts, batch_size):
        found = [Found(beams, max_steps, length_penalty) for _ in rows]
        for step in _search(model, *model.begin(tokens, lengths), end, offset, found):
            if history is not None:
                history.append(step)
        for row, one in zip(rows, found, strict=True):
            answers[row] = one.answers()
    return answers


def _search(
    model: Decodable, scores: Tensor, state: State, end: int, offset: int, found: list[Found]
) -> Iterator[BeamStep]:
    """Lengthen the beams of B prompts, symbol by symbol; a prompt that is done leaves. `scores` (B, V): what is next.

    What is kept for each prompt is numbers, and no tensor: a step has no more operations than it must have.
    """
    rows = torch.arange(len(scores), device=scores.device)
    precise = torch.promote_types(scores.dtype, torch.float32)
    totals = scores.new_zeros((len(scores), 1), dtype=precise)  # (B, K') log probabilities
    while True:
        likely = scores.log_softmax(-1, precise).view(*totals.shape, -1)
        grown = likely + totals.unsqueeze(-1)  # (B, K', V)
        ends = grown[..., end].clone()
        grown[..., end] = -torch.inf
        (_, width, symbols), most = grown.shape, found[0].beams
        totals, where = grown.flatten(1).topk(min(most, width * (symbols - 1)))  # (B, K)
        step = BeamStep(where // symbols, where % symbols, totals, ends, rows)
        yield step
        going = _going(found, step)
        if not going:
            return
        first = torch.arange(0, len(found) * width, width, device=rows.device)  # of each prompt, its row
        parents, classes, leave = step.parents + first.unsqueeze(1), step.classes, None
        if len(going) < len(found):
            found, leave = [found[place] for place in going], torch.tensor(going, device=rows.device)
            rows, totals, parents, classes = (part[leave] for part in (rows, totals, parents, classes))
        scores, state = model.advance(classes.reshape(-1, 1) + offset, model.branch(state, leave, parents))


def _going(found: list[Found], step: BeamStep) -> list[int]:
    """Tell every prompt of its step; return the places of those that are not done."""
    told = (part.tolist() for part in (step.ends, step.parents, step.classes, step.totals))
    return [place for place, (one, *row) in enumerate(zip(found, *told, strict=True)) if one.goes_on(*row)]

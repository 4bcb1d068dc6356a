"""Batched greedy decoding with carried state: the prompt is read once, then every symbol costs one step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import torch
from torch import Tensor, nn

from seqtoolkit.mixer import State


@dataclass(frozen=True)
class Hypothesis:
    """One possible answer to a prompt."""

    tokens: list[int]  # its classes, without the end mark
    log_probability: float  # of all its symbols, the end mark included where it has ended
    score: float  # by which answers are compared: the log probability, normalised by length
    ended: bool  # whether it has an end mark; otherwise it was cut at the longest length


class Decodable(Protocol):
    """What decoding needs of a model."""

    mixes_lengths: bool  # whether prompts of several lengths may share a batch, and padding changes nothing

    def begin(self, prompts: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        """Read whole prompts (B, P) of `lengths` (B,) tokens; return the scores (B, V) of what is next, and state."""

    def advance(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Read more tokens (B, T); return the scores (B, V) of what comes next, and the state."""

    def branch(self, state: State, going: Tensor | None, rows: Tensor) -> State:
        """Return the state of the beams that go on: `rows` (B, K) of the batch, K for each of the prompts `going` (B,).

        All prompts go on when `going` is null. Each had as many rows as the others, side by side.
        """

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the weights; they say on which device to decode."""


@torch.inference_mode()
def greedy(
    model: Decodable,
    prompts: list[list[int]],
    end: int,
    max_steps: int,
    offset: int = 0,
    batch_size: int = 1024,
) -> list[list[int]]:
    """Answer every prompt with its likeliest classes until the class `end` or `max_steps`; `end` is not returned.

    A class is fed back as token class + `offset`.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    for rows, tokens, lengths in batched(model, prompts, batch_size):
        begun = model.begin(tokens, lengths)
        for row, answer in zip(rows, _continue(model, *begun, end, max_steps, offset), strict=True):
            answers[row] = answer
    return answers


def batched(
    model: Decodable, prompts: list[list[int]], batch_size: int
) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Yield which prompts share a batch, their tokens (B, P) and lengths (B,), on the model's device.

    Those of a batch are of equal length, so that a prompt's answer does not depend on its company; or, where the model
    reads padding as nothing, of similar length, which makes fewer batches.
    """
    device = next(model.parameters()).device
    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
    same = (
        [order]
        if model.mixes_lengths
        else [list(g) for _, g in groupby(order, lambda row: len(prompts[row]))]
    )
    for rows in same:
        for start in range(0, len(rows), batch_size):
            some = rows[start : start + batch_size]
            tokens = [torch.tensor(prompts[row]) for row in some]
            lengths = torch.tensor([len(prompt) for prompt in tokens])
            yield some, nn.utils.rnn.pad_sequence(tokens, batch_first=True).to(device), lengths.to(device)


def _continue(
    model: Decodable, scores: Tensor, state: State, end: int, max_steps: int, offset: int
) -> list[list[int]]:
    """Answer prompts that were read, given the scores (B, V) after them; rows that have ended leave the batch."""
    answers: list[list[int]] = [[] for _ in scores]
    active = torch.arange(len(scores))
    for step in range(max_steps):
        chosen = scores.argmax(-1)
        going = (chosen != end).cpu()
        for row, number in zip(active[going].tolist(), chosen.cpu()[going].tolist(), strict=True):
            answers[row].append(number)
        if not going.any():
            break
        if step + 1 < max_steps:
            keep = going.nonzero().squeeze(-1)
            active, kept = active[keep], keep.to(chosen.device)
            tokens = chosen[kept].unsqueeze(1) + offset
            state = model.branch(state, kept, kept.unsqueeze(1)) if len(keep) < len(going) else state
            scores, state = model.advance(tokens, state)
    return answers

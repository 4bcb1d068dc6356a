"""Batched greedy decoding with carried state: the prompt is read once, then every symbol costs one step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from seqtoolkit.mixer import State, select_rows


@dataclass(frozen=True)
class Hypothesis:
    """One possible answer to a prompt."""

    tokens: list[int]  # its classes, without the end mark
    log_probability: float  # of all its symbols, the end mark included where it has ended
    score: float  # by which answers are compared: the log probability, normalised by length
    ended: bool  # whether it has an end mark; otherwise it was cut at the longest length


class Decodable(Protocol):
    """What decoding needs of a model."""

    def advance(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read tokens (B, T), whole prompts at first; return the scores (B, V) of what comes next, and the state."""

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
    for rows, tokens in by_length(model, prompts, batch_size):
        for row, answer in zip(rows, _continue(model, tokens, end, max_steps, offset), strict=True):
            answers[row] = answer
    return answers


def by_length(
    model: Decodable, prompts: list[list[int]], batch_size: int
) -> Iterator[tuple[list[int], Tensor]]:
    """Yield which prompts share a batch, and their tokens (B, P) on the model's device.

    They are of equal length, so that nothing is padded and a prompt's answer does not depend on its company.
    """
    device = next(model.parameters()).device
    groups: dict[int, list[int]] = defaultdict(list)
    for row, prompt in enumerate(prompts):
        groups[len(prompt)].append(row)
    for rows in groups.values():
        for start in range(0, len(rows), batch_size):
            some = rows[start : start + batch_size]
            yield some, torch.tensor([prompts[row] for row in some], device=device)


def _continue(model: Decodable, tokens: Tensor, end: int, max_steps: int, offset: int) -> list[list[int]]:
    """Decode prompts of one length; rows that have ended leave the batch."""
    answers: list[list[int]] = [[] for _ in tokens]
    active, state = torch.arange(len(tokens)), None
    for _ in range(max_steps):
        scores, state = model.advance(tokens, state)
        chosen = scores.argmax(-1)
        going = (chosen != end).cpu()
        for row, number in zip(active[going].tolist(), chosen.cpu()[going].tolist(), strict=True):
            answers[row].append(number)
        if not going.any():
            break
        keep = going.nonzero().squeeze(-1)
        active, tokens = active[keep], chosen[keep.to(chosen.device)].unsqueeze(1) + offset
        state = select_rows(state, keep.to(chosen.device)) if len(keep) < len(going) else state
    return answers

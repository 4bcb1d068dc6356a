"""Batched greedy decoding with carried state: the prompt is read once, then every symbol costs one step."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtoolkit.mixer import select_rows
from seqtoolkit.model import SequenceModel


@dataclass(frozen=True)
class Hypothesis:
    """One possible answer to a prompt."""

    tokens: list[int]  # its classes, without the end mark
    log_probability: float  # of all its symbols, the end mark included where it has ended
    score: float  # by which answers are compared: the log probability, normalised by length
    ended: bool  # whether it has an end mark; otherwise it was cut at the longest length


@torch.inference_mode()
def greedy(
    model: SequenceModel,
    prompts: list[list[int]],
    end: int,
    max_steps: int,
    offset: int = 0,
    batch_size: int = 1024,
) -> list[list[int]]:
    """Answer every prompt with its likeliest classes until the class `end` or `max_steps`; `end` is not returned.

    A class is fed back as token class + `offset`.
    Prompts of equal length share a batch, so nothing is padded and a word's answer does not depend on its company.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for row, prompt in enumerate(prompts):
        groups[len(prompt)].append(row)
    answers: list[list[int]] = [[] for _ in prompts]
    for rows in groups.values():
        for start in range(0, len(rows), batch_size):
            some = rows[start : start + batch_size]
            for row, answer in zip(
                some, _continue(model, [prompts[r] for r in some], end, max_steps, offset), strict=True
            ):
                answers[row] = answer
    return answers


def _continue(
    model: SequenceModel, prompts: list[list[int]], end: int, max_steps: int, offset: int
) -> list[list[int]]:
    """Decode prompts of one length; rows that have ended leave the batch."""
    device = model.head.weight.device
    answers: list[list[int]] = [[] for _ in prompts]
    active = torch.arange(len(prompts))
    tokens, state = torch.tensor(prompts, device=device), None
    for _ in range(max_steps):
        features, state = model.features(model.embed(tokens), state)
        chosen: Tensor = model.head(features[:, -1]).argmax(-1)
        going = (chosen != end).cpu()
        for row, token in zip(active[going].tolist(), chosen.cpu()[going].tolist(), strict=True):
            answers[row].append(token)
        if not going.any():
            break
        keep = going.nonzero().squeeze(-1)
        active, tokens = active[keep], chosen[keep.to(device)].unsqueeze(1) + offset
        state = select_rows(state, keep.to(device)) if len(keep) < len(going) else state
    return answers

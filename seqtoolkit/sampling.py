"""Batched sampling with carried state: the prompt is read once, then every symbol is drawn and costs one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqtoolkit.decoding import Decodable, batched

BATCH = 256  # prompts


@dataclass(frozen=True)
class Sampling:
    """How symbols are drawn.

    Raises ValueError for a number out of its range.
    """

    length: int  # symbols after each prompt
    temperature: float = 1.0  # scores are divided by it; 0 takes the likeliest symbol
    top_k: int | None = None  # only so many of the likeliest symbols may be drawn (Fan et al. 2018)
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, least in (
            ("length", self.length, 1),
            ("top_k", self.top_k, 1),
            ("seed", self.seed, 0),
        ):
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature is {self.temperature}; expected 0 (the likeliest symbol) or more")


@torch.inference_mode()
def sample(
    model: Decodable,
    prompts: list[list[int]],
    numbers: Sequence[int],
    how: Sampling,
    never: int | None = None,
) -> list[list[int]]:
    """Continue prompts by symbols drawn one after the other from what the model expects; class c is token c.

    Args:
        model: what answers.
        prompts: tokens of each, at least one.
        numbers: of each prompt; with the seed they decide what is drawn, whatever else is in the batch.
        how: see `Sampling`.
        never: a symbol that is not drawn.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    draws = torch.from_numpy(
        np.stack([np.random.default_rng([how.seed, number]).random(how.length) for number in numbers])
    )
    for rows, tokens, lengths in batched(model, prompts, BATCH):
        scores, state = model.begin(tokens, lengths)
        drawn = [draw(scores, draws[rows, 0].to(scores.device), how, never)]
        for step in range(1, how.length):
            scores, state = model.advance(drawn[-1].unsqueeze(1), state)
            drawn.append(draw(scores, draws[rows, step].to(scores.device), how, never))
        for row, answer in zip(rows, torch.stack(drawn, 1).tolist(), strict=True):
            answers[row] = answer
    return answers


def draw(scores: Tensor, uniform: Tensor, how: Sampling, never: int | None = None) -> Tensor:
    """Choose a class (B,) from scores (B, V): where the cumulated probability exceeds a number in [0, 1) (B,)."""
    scores = scores.double()
    if never is not None:
        scores[:, never] = -torch.inf
    if how.temperature == 0:
        return scores.argmax(-1)
    best, classes = scores.topk(min(how.top_k or scores.shape[1], scores.shape[1]), -1)
    chances = (best / how.temperature).softmax(-1).cumsum(-1)
    place = torch.searchsorted(chances, (uniform * chances[:, -1]).unsqueeze(1), right=True)
    return classes.gather(1, place.clamp(max=classes.shape[1] - 1)).squeeze(1)

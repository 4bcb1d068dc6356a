"""Systems that answer from as far back as is known: what recall and truncation read of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from calibration_systems import Reading, System, known_models

from seqtoolkit.batch import Batch
from seqtoolkit.data.recall import RecallData
from seqtoolkit.retention.recall import recall
from seqtoolkit.retention.truncation import WITHIN, truncation

SYMBOLS, LAGS = 8, [1, 4, 8, 16]
N, STEPS, LEAK, NOISE = 60, 24, 0.8, 0.3
Draw = Callable[..., Sequence[Batch]]  # by seed

known = known_models("known_answers")


def answers() -> list[System]:
    """Return all systems of both protocols."""
    return [*_recalls(), *_truncations()]


def _recalls() -> list[System]:
    tokens = RecallData(SYMBOLS).spec["vocab_size"]
    constant, store = (known.store(steps, SYMBOLS, tokens) for steps in (0, 6))
    guessed = [1 / SYMBOLS] * len(LAGS)
    held = [1.0 if lag <= 6 else 1 / SYMBOLS for lag in LAGS]
    return [
        System("constant", "recall", f"accuracy: 1/{SYMBOLS}", _recall(constant, guessed), 0, forgets=True),
        System("store for 6 steps", "recall", f"accuracy: 1 up to lag 6, then 1/{SYMBOLS}", _recall(store, held), 4),
    ]  # fmt: skip


def _recall(seen: Any, truth: list[float]) -> Callable[[int], Reading]:
    def measure(seed: int) -> Reading:
        data = RecallData(SYMBOLS, 32, 16, LAGS, test_per_lag=100, seed=seed)
        questions = list(data.test_dataloader())
        (record,) = recall(seen, questions, LAGS, chance=1 / SYMBOLS, settings={"max_lag": 16})
        return Reading(record, truth)

    return measure


def _truncations() -> list[System]:
    leaky = known.leaky_values(LEAK)
    leaks = {c: known.leaky_loss(LEAK, NOISE, STEPS, c) for c in (1, 4, 8, 20, STEPS)}
    draw = partial(known.leaky_data, LEAK, NOISE, N, STEPS)
    return [
        _sums("sum of 5 inputs", 5, 5),
        _sums("sum of the last 2 of 4 inputs", 2, 4),
        _sums("the same at every step, contexts share runs", 2, 4, steps=96, first=8),
        _truncated(f"leaky unit, a = {LEAK}", "variance of what is cut off", leaky, draw, leaks),
        _sums("constant", 0, 3, forgets=True),
    ]


def _sums(
    name: str, width: int, counted: int, forgets: bool = False, steps: int = STEPS, first: int = STEPS // 2
) -> System:
    """Answer sums of `counted` inputs by the last `width` of them."""
    losses = {c: known.window_loss(c, width, counted) for c in (1, 2, 3, 4, 5, STEPS)}
    draw = partial(known.data, counted, N, steps, first=first)
    return _truncated(name, "loss by chance of a right sum", known.window(width), draw, losses, forgets)


def _truncated(
    name: str, truth: str, seen: Any, draw: Draw, losses: dict[int, float], forgets: bool = False
) -> System:
    """Read the known losses of contexts, the last of which is all inputs."""
    *contexts, full = losses
    short = [c for c in contexts if losses[c] > (1 + WITHIN) * losses[full]]
    enough = min(c for c in contexts if not short or c > short[-1])

    def measure(seed: int) -> Reading:
        (record,) = truncation(seen, draw(seed=seed), contexts, seed=seed, targets=4)
        return Reading(record, [losses[c] for c in contexts])

    return System(name, "truncation", f"{truth}; context {enough}", measure, enough, forgets)

"""Systems whose gradients, influence and time constants are known: rotations, decays, delays, gates and windows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from calibration_systems import Law, Reading, System, known_models
from calibration_tails import TAILS, Scale, mean_moved
from torch import Tensor

from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.gradient import gradient
from seqtoolkit.retention.influence import influence
from seqtoolkit.retention.timescale import timescale

LAGS = [1, 4, 16, 32]
WIDTH, SCORE = 4, 3.0  # symbols, and how sure a delay line is of the one it read
WINDOW, LAYERS, REACH = 4, 2, 6  # steps back: layers * (window - 1)
GATES = [1, 3, 7]

known = known_models("known_flow")


def flows() -> list[System]:
    """Return the systems with a known curve."""
    return [*_gradients(), *_influences(), *_timescales()]


def windows() -> list[Law]:
    """Return the laws that attention with a window neither reads nor teaches what lies outside."""
    name = f"attention, window {WINDOW}, {LAYERS} layers"
    truth = f"exactly 0 beyond lag {REACH}, and nowhere before"
    return [
        Law(name, "gradient", truth, 40, lambda seed: _window_holds(gradient, 40, seed)),
        Law(name, "influence", truth, 80, lambda seed: _window_holds(influence, 160, seed)),
    ]


def _window_holds(protocol: Callable[..., Any], n: int, seed: int) -> bool:
    seen, within, beyond = known.windowed(WINDOW, LAYERS, seed), [0, 1, REACH], [REACH + 1, REACH + 2, 12]
    (record,) = protocol(seen, drive(seen, n, 16, seed=seed), within + beyond, seed=seed)
    return bool(record.settings["exactly_zero"] == beyond)


def _gradients() -> list[System]:
    torch.manual_seed(0)
    rotation, decay = known.known(known.Rotation, 16, a=0.9), known.known(known.Decay)
    falls = [lag * math.log10(0.9) + math.log10(16) / 2 for lag in LAGS]
    fades = [float(np.log10(np.square(_kept() ** lag).sum()) / 2) for lag in LAGS]
    return [
        System("rotation scaled by 0.9", "gradient", "log10 norm: k log10 a + c", _gradient(rotation, falls), 32),
        System("decay 1 - 2^(-5-h)", "gradient", "norm of the powers", _gradient(decay, fades), 32),
        System("constant", "gradient", "the floor", _gradient(known.known(known.Constant)), 0, forgets=True),
    ]  # fmt: skip


def _gradient(seen: Any, truth: Sequence[float] | None = None) -> Callable[[int], Reading]:
    def measure(seed: int) -> Reading:
        (record,) = gradient(seen, drive(seen, 40, 40, seed=seed), LAGS, seed=seed, vectors=4)
        return Reading(record, record.null if truth is None else truth)

    return measure


def _influences() -> list[System]:
    delay, constant = known.known(known.Delay, WIDTH, d=5), known.known(known.Constant)
    change = (1 - 1 / WIDTH) * known.swapped_divergence(WIDTH, SCORE)
    tailed = [
        System(f"delay of 5, {name}", "influence", "mean of a million pairs",
               _influence(delay, _scaled(scale), [5], mean_moved(scale, WIDTH)), 5)
        for name, scale in TAILS.items()
    ]  # fmt: skip
    return [
        System("delay of 5", "influence", "a known divergence at lag 5", _influence(delay, _symbols, [5], change), 5),
        System("delay of 5", "influence", "0 at every other lag",
               _influence(delay, _symbols, [1, 4, 6], 0.0), 0, forgets=True),
        *tailed,
        System("constant", "influence", "0",
               _influence(constant, lambda seed: drive(constant, 160, 12, seed=seed), [1, 4, 5], 0.0), 0, forgets=True),
    ]  # fmt: skip


def _influence(
    seen: Any, inputs: Callable[[int], Tensor], lags: list[int], truth: float
) -> Callable[[int], Reading]:
    def measure(seed: int) -> Reading:
        (record,) = influence(seen, inputs(seed), lags, seed=seed)
        return Reading(record, [truth] * len(lags))

    return measure


def _symbols(seed: int) -> Tensor:
    drawn: Tensor = known.symbols(160, 12, WIDTH, SCORE, seed)
    return drawn


def _scaled(scale: Scale) -> Callable[[int], Tensor]:
    def inputs(seed: int) -> Tensor:
        drawn: Tensor = known.symbols(160, 12, WIDTH, 1.0, seed)
        return (drawn * scale(np.random.default_rng(seed), (160, 12, 1))).float()

    return inputs


def _timescales() -> list[System]:
    gated, decay = known.known(known.Gated, 4), known.known(known.Decay)
    nothing = known_models("known").leaky(0.0)

    def gates(seed: int) -> Tensor:
        drawn = torch.rand(40, 12, 4, generator=torch.Generator().manual_seed(seed))
        return torch.where(drawn < 0.5, 0.9, 0.5)

    return [
        System("gates of 0.9 or 0.5", "timescale", "0.7^k",
               _timescale(gated, gates, GATES, [0.7**lag for lag in GATES]), 1),
        System("decay 1 - 2^(-5-h)", "timescale", "mean of g^k: half-lives 21.8 to 2839",
               _timescale(decay, lambda seed: drive(decay, 40, 40, seed=seed), LAGS,
                          [float(np.mean(_kept()**lag)) for lag in LAGS]), 32),
        System("leaky unit, a = 0", "timescale", "0",
               _timescale(nothing, lambda seed: drive(nothing, 40, 12, seed=seed), GATES, [0.0] * len(GATES)),
               0, forgets=True),
    ]  # fmt: skip


def _timescale(
    seen: Any, inputs: Callable[[int], Tensor], lags: list[int], truth: list[float]
) -> Callable[[int], Reading]:
    def measure(seed: int) -> Reading:
        (record,) = timescale(seen, inputs(seed), lags)
        return Reading(record, truth)

    return measure


def _kept() -> Any:
    """Return what each of 8 channels of RetNet keeps in a step."""
    return 1 - 2.0 ** (-5 - np.arange(8))

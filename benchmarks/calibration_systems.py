"""Systems whose retention is known in closed form, and how each is measured once more, on new sequences."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from calibration_tails import TAILS, Scale, mean_moved
from torch import Tensor

from seqtoolkit import SequenceMixer, State
from seqtoolkit.data.recall import RecallData
from seqtoolkit.model import SequenceModel
from seqtoolkit.retention.decoding import decoding
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.gradient import gradient
from seqtoolkit.retention.influence import influence
from seqtoolkit.retention.recall import recall
from seqtoolkit.retention.record import Record
from seqtoolkit.retention.timescale import timescale
from seqtoolkit.retention.truncation import truncation
from seqtoolkit.retention.view import view

ROUNDING = 1e-6  # of float32


class Scramble(SequenceMixer):
    """Digits of its input that tell nothing of it: causal, the same in every call, and as good as noise."""

    def __init__(self, d_model: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return digits of the first channel of x (B, T, D), another set for each channel."""
        powers = 1e3 * (1 + torch.arange(x.shape[-1]))
        return ((x[..., :1].double() * powers.double()) % 1 - 0.5).to(x), None


@dataclass(frozen=True)
class Reading:
    """One measurement beside the truth, lag by lag."""

    record: Record
    truth: Sequence[float]

    @property
    def covers(self) -> list[bool]:
        """Whether each interval holds the truth, as far as float32 can tell."""
        columns = zip(self.record.lower, self.truth, self.record.upper, strict=True)
        return [low - ROUNDING <= truth <= high + ROUNDING for low, truth, high in columns]

    @property
    def errors(self) -> list[float]:
        """How far each estimate is from the truth."""
        return [abs(a - b) for a, b in zip(self.record.estimate, self.truth, strict=True)]

    @property
    def alarms(self) -> bool:
        """Whether it says that anything is retained."""
        return self.record.horizon is not None and self.record.horizon.estimate > 0


@dataclass(frozen=True)
class System:
    """A system with a known answer, and how to measure it once more."""

    name: str
    protocol: str
    truth: str
    measure: Callable[[int], Reading]
    forgets: bool = False  # retains nothing: a horizon above 0 is a false alarm


def systems() -> list[System]:
    """Return all systems."""
    return [*_decoded(), *_flows(), *_others()]


def _decoded() -> list[System]:
    known = _tests("known")
    lags, a, n, steps = [0, 1, 2, 4, 8, 16], 0.9, 160, 64
    line, leaky, noise, constant = (
        known.delay_line(4),
        known.leaky(a),
        known.known(Scramble, 4),
        known.constant(),
    )
    symbols, dumb = known.delay_line(4, symbols=5), known.constant(symbols=5)

    def read(seen: Any, unit: str, truth: Sequence[float]) -> Callable[[int], Reading]:
        def measure(seed: int) -> Reading:
            torch.manual_seed(seed)
            found = decoding(seen, drive(seen, n, steps, seed=1_000 + seed), lags, seed=seed)
            return Reading(next(record for record in found if record.unit == unit), truth)

        return measure

    def capacity(seed: int) -> Reading:
        every = list(range(24))
        found = decoding(leaky, drive(leaky, n, steps, seed=1_000 + seed), every, seed=seed)
        inside = next(record for record in found if record.unit == "rho2").settings["capacity"]
        estimate, lower, upper = ([inside[name]] for name in ("estimate", "lower", "upper"))
        record = Record("decoding", "capacity", [23], estimate, lower, upper, null=[0.0], n=[n // 4])
        return Reading(record, [float(known.leaky_curve(a, every).sum())])

    held = [float(lag < 4) for lag in lags]
    none = [0.0] * len(lags)
    curve = known.leaky_curve(a, lags).tolist()
    return [
        System("delay line of 4", "decoding", "rho2: 1 below lag 4, then 0", read(line, "rho2", held)),
        System("delay line of 4, tokens", "decoding", "accuracy: 1 below lag 4, then 1/5",
               read(symbols, "accuracy", [max(one, 0.2) for one in held])),
        System(f"leaky unit, a = {a}", "decoding", "rho2: a^2k (1 - a^2)", read(leaky, "rho2", curve)),
        System(f"leaky unit, a = {a}", "decoding", "capacity: its sum", capacity),
        System("noise", "decoding", "rho2: 0", read(noise, "rho2", none), forgets=True),
        System("constant", "decoding", "rho2: 0", read(constant, "rho2", none), forgets=True),
        System("constant, tokens", "decoding", "accuracy: 1/5",
               read(dumb, "accuracy", [0.2] * len(lags)), forgets=True),
    ]  # fmt: skip


def _flows() -> list[System]:
    known = _tests("known_flow")
    torch.manual_seed(0)
    rotation, decay, gated = (
        known.known(known.Rotation, 16, a=0.9),
        known.known(known.Decay),
        known.known(known.Gated, 4),
    )
    delay, constant = known.known(known.Delay, 4, d=5), known.known(known.Constant)
    lags, width, score, g = [1, 4, 16, 32], 4, 3.0, 1 - 2.0 ** (-5 - np.arange(8))
    falls = [lag * math.log10(0.9) + math.log10(16) / 2 for lag in lags]
    fades = [float(np.log10(np.square(g**lag).sum()) / 2) for lag in lags]
    change = (1 - 1 / width) * known.swapped_divergence(width, score)

    def flows(seen: Any, truth: Sequence[float] | None, vectors: int = 4) -> Callable[[int], Reading]:
        def measure(seed: int) -> Reading:
            (record,) = gradient(seen, drive(seen, 40, 40, seed=seed), lags, seed=seed, vectors=vectors)
            return Reading(record, record.null if truth is None else truth)

        return measure

    def used(seed: int) -> Reading:
        (record,) = influence(delay, known.symbols(160, 12, width, score, seed), [5], seed=seed)
        return Reading(record, [change])

    def beside(seed: int) -> Reading:
        (record,) = influence(delay, known.symbols(160, 12, width, score, seed), [1, 4, 6], seed=seed)
        return Reading(record, [0.0] * 3)

    def unused(seed: int) -> Reading:
        (record,) = influence(constant, drive(constant, 160, 12, seed=seed), [1, 4, 5], seed=seed)
        return Reading(record, [0.0] * 3)

    def tailed(scale: Scale, truth: float) -> Callable[[int], Reading]:
        def measure(seed: int) -> Reading:
            inputs = known.symbols(160, 12, width, 1.0, seed) * scale(
                np.random.default_rng(seed), (160, 12, 1)
            )
            (record,) = influence(delay, inputs.float(), [5], seed=seed)
            return Reading(record, [truth])

        return measure

    def kept(seed: int) -> Reading:
        drawn = torch.rand(40, 12, 4, generator=torch.Generator().manual_seed(seed))
        (record,) = timescale(gated, torch.where(drawn < 0.5, 0.9, 0.5), [1, 3, 7])
        return Reading(record, [0.7**lag for lag in (1, 3, 7)])

    def decays(seed: int) -> Reading:
        (record,) = timescale(decay, drive(decay, 40, 40, seed=seed), lags)
        return Reading(record, [float(np.mean(g**lag)) for lag in lags])

    return [
        System("rotation scaled by 0.9", "gradient", "log10 norm: k log10 a + c", flows(rotation, falls)),
        System("decay 1 - 2^(-5-h)", "gradient", "norm of the powers", flows(decay, fades)),
        System("constant", "gradient", "the floor", flows(constant, None), forgets=True),
        System("delay of 5", "influence", "a known divergence at lag 5", used),
        System("delay of 5", "influence", "0 at every other lag", beside),
        *(
            System(
                f"delay of 5, {name}",
                "influence",
                "mean of a million pairs",
                tailed(scale, mean_moved(scale, width)),
            )
            for name, scale in TAILS.items()
        ),
        System("constant", "influence", "0", unused, forgets=True),
        System("gates of 0.9 or 0.5", "timescale", "0.7^k", kept),
        System("decay 1 - 2^(-5-h)", "timescale", "mean of g^k: half-lives 21.8 to 2839", decays),
    ]


def _others() -> list[System]:
    lags, symbols = [1, 4, 16], 8
    torch.manual_seed(0)
    dumb = SequenceModel(_tests("known_flow").Constant, symbols, symbols + 27, d_model=4, num_layers=1)
    guesses = view(dumb.eval())
    tests = _tests("test_truncation")

    def answers(seed: int) -> Reading:
        data = RecallData(symbols, 32, 16, lags, test_per_lag=100, seed=seed)
        questions = list(data.test_dataloader())
        (record,) = recall(guesses, questions, lags, chance=1 / symbols, settings={"max_lag": 16})
        return Reading(record, record.null)

    @cache
    def truth() -> list[float]:
        (record,) = truncation(
            tests.window(3), tests.data(3, n=20_000, seed=10**6), [1, 2, 3], targets=1, resamples=2
        )
        return record.estimate

    def helped(seed: int) -> Reading:
        some = tests.data(3, n=60, seed=seed)
        (record,) = truncation(tests.window(3), some, [1, 2, 3], seed=seed, targets=1)
        return Reading(record, truth())

    return [
        System("constant", "recall", f"accuracy: 1/{symbols}", answers, forgets=True),
        System("sum of 3 inputs", "truncation", "loss of 20,000 sequences", helped),
    ]


def _tests(name: str) -> Any:
    """Return a module of the known systems, which belong to the tests."""
    root = str(Path(__file__).parent.parent)
    if root not in sys.path:
        sys.path.append(root)
    return importlib.import_module(f"tests.retention.{name}")

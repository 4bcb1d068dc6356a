"""Systems of which it is known what is decodable: delay lines, leaky units, noise, constants, and any model at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from calibration_systems import Law, Reading, System, known_models
from torch import Tensor

from seqtoolkit import SequenceMixer, State
from seqtoolkit.retention.capacity import ImpossibleCapacity
from seqtoolkit.retention.decoding import decoding
from seqtoolkit.retention.drive import drive
from seqtoolkit.retention.record import Record

LAGS, EVERY = [0, 1, 2, 4, 8, 16], list(range(24))
N, STEPS = 160, 64  # a quarter of the sequences tests

known = known_models("known")


class Scramble(SequenceMixer):
    """Digits of its input that tell nothing of it: causal, the same in every call, and as good as noise."""

    def __init__(self, d_model: int) -> None:
        super().__init__()

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return digits of the first channel of x (B, T, D), another set for each channel."""
        powers = 1e3 * (1 + torch.arange(x.shape[-1]))
        return ((x[..., :1].double() * powers.double()) % 1 - 0.5).to(x), None


def decoded() -> list[System]:
    """Return the systems with a known curve or capacity."""
    a, none = 0.9, [0.0] * len(LAGS)
    line, leaky = known.delay_line(4), known.leaky(a)
    held = [float(lag < 4) for lag in LAGS]
    curve, total = known.leaky_curve(a, LAGS).tolist(), float(known.leaky_curve(a, EVERY).sum())
    return [
        System("delay line of 4", "decoding", "rho2: 1 below lag 4, then 0", _curve(line, "rho2", held), 2),
        System("delay line of 4", "decoding", "capacity: 4", _capacity(line, 4.0),
               wide="the interval is widened to hold the corrected estimate, which here is the truth itself"),
        System("delay line of 4, tokens", "decoding", "accuracy: 1 below lag 4, then 1/5",
               _curve(known.delay_line(4, symbols=5), "accuracy", [max(one, 0.2) for one in held]), 2),
        System(f"leaky unit, a = {a}", "decoding", "rho2: a^2k (1 - a^2)", _curve(leaky, "rho2", curve), 2),
        System(f"leaky unit, a = {a}", "decoding", f"capacity: {total:.3f}, 1 over all lags", _capacity(leaky, total)),
        System("noise", "decoding", "rho2: 0", _curve(known.known(Scramble, 4), "rho2", none), 0, forgets=True),
        System("constant", "decoding", "rho2: 0", _curve(known.constant(), "rho2", none), 0, forgets=True),
        System("constant, tokens", "decoding", "accuracy: 1/5",
               _curve(known.constant(symbols=5), "accuracy", [0.2] * len(LAGS)), 0, forgets=True),
    ]  # fmt: skip


def bounded() -> list[Law]:
    """Return the law that no capacity exceeds the rank of the features, nor this their number (Jaeger 2001)."""
    return [Law("any model of width D", "decoding", "capacity <= rank of Cov(h) <= D", N // 4, _bounded)]


def _bounded(seed: int) -> bool:
    seen = known.anything(seed)
    rank = known.rank(seen, _drive(seen, seed))
    try:
        capacity = _rho2(seen, EVERY, seed).settings["capacity"]
    except ImpossibleCapacity:
        return False
    return bool(capacity["estimate"] <= rank <= seen.width)


def _curve(seen: Any, unit: str, truth: Sequence[float]) -> Callable[[int], Reading]:
    def measure(seed: int) -> Reading:
        found = decoding(seen, _drive(seen, seed), LAGS, seed=seed)
        return Reading(next(record for record in found if record.unit == unit), truth)

    return measure


def _capacity(seen: Any, truth: float) -> Callable[[int], Reading]:
    def measure(seed: int) -> Reading:
        inside = _rho2(seen, EVERY, seed).settings["capacity"]
        estimate, lower, upper = ([inside[name]] for name in ("estimate", "lower", "upper"))
        record = Record("decoding", "capacity", EVERY[-1:], estimate, lower, upper, null=[0.0], n=[N // 4])
        return Reading(record, [truth])

    return measure


def _rho2(seen: Any, lags: list[int], seed: int) -> Record:
    found = decoding(seen, _drive(seen, seed), lags, seed=seed)
    return next(record for record in found if record.unit == "rho2")


def _drive(seen: Any, seed: int) -> Tensor:
    return drive(seen, N, STEPS, seed=1_000 + seed)

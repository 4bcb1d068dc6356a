"""Retention records, findings and horizons as a probe and training leave them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from seqtoolkit.retention.finding import Finding
from seqtoolkit.run_folder import RunFolder

LAGS = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128]
REACH = {"rnn": 9, "gru": 40, "lstm": 62, "attention": 4000, "minlstm": 25}  # lag at which half is forgotten


def recall_record(arch: str, seed: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a recall curve as plain values: a soft step down at the reach of the architecture."""
    n, reach = 400, REACH.get(arch, 20)
    estimate = [1 / 26 + (25 / 26) / (1 + (lag / reach) ** 3) for lag in LAGS]
    half = [1.96 * math.sqrt(p * (1 - p) / n) + 0.004 for p in estimate]
    above = [lag for lag, p in zip(LAGS, estimate, strict=True) if p > (1 + 1 / 26) / 2]
    last = above[-1] if above else 0
    at = LAGS.index(last) if above else 0
    horizon = {
        "estimate": last, "lower": LAGS[max(at - 1, 0)] if above else 0,
        "upper": LAGS[min(at + 1, len(LAGS) - 1)], "censored": last == LAGS[-1],
        "upper_censored": at + 1 >= len(LAGS),
    }  # fmt: skip
    record = {
        "protocol": "recall", "unit": "accuracy", "lags": LAGS, "estimate": estimate,
        "lower": [max(0.0, p - h) for p, h in zip(estimate, half, strict=True)],
        "upper": [min(1.0, p + h) for p, h in zip(estimate, half, strict=True)],
        "null": [1 / 26] * len(LAGS), "n": [n] * len(LAGS), "horizon": horizon, "seed": seed, "settings": {},
    }  # fmt: skip
    return {**record, **fields}


def protocol_records(arch: str, seeds: int = 1, untrained: bool = True) -> list[dict[str, Any]]:
    """Return curves of all six protocols as plain values, for each seed, with those of the untrained twin."""
    records = []
    for seed in range(seeds):
        for twin in (False, True) if untrained else (False,):
            reach = (3 if twin else min(REACH.get(arch, 20), 400)) * (1 + 0.1 * seed)
            records += [_protocol_record(name, reach, seed, twin) for name in SHAPES]
    return records


SHAPES: dict[str, tuple[str, Any, float]] = {  # unit, value at a share of the reach, null
    "decoding": ("rho2", lambda x: 1 / (1 + x**3), 0.02),
    "gradient": ("log10 norm", lambda x: -0.4 * x, -37.2),
    "influence": ("nats", lambda x: 1.2 / (1 + x**2), 0.0),
    "recall": ("accuracy", lambda x: 1 / 26 + 25 / 26 / (1 + x**3), 1 / 26),
    "truncation": ("nats", lambda x: 2.1 + 1.3 / (1 + 2 * x), 3.3),
    "timescale": ("share kept", lambda x: math.exp(-x), 0.0),
}


def _protocol_record(name: str, reach: float, seed: int, twin: bool) -> dict[str, Any]:
    unit, shape, null = SHAPES[name]
    estimate = [shape(lag / reach) for lag in LAGS]
    half = [0.02 + 0.03 * abs(value) for value in estimate]
    at = max((i for i, lag in enumerate(LAGS) if lag <= reach), default=0)
    horizon = {
        "estimate": LAGS[at], "lower": LAGS[max(at - 1, 0)], "upper": LAGS[min(at + 1, len(LAGS) - 1)],
        "censored": at + 1 == len(LAGS), "upper_censored": at + 2 >= len(LAGS),
    }  # fmt: skip
    settings: dict[str, Any] = {
        "part": "model",
        "drive": "data" if name in ("recall", "truncation") else "iid",
    }
    if twin:
        settings["twin"] = True
    if name == "decoding":
        settings["capacity"] = {"estimate": reach, "lower": reach * 0.9, "upper": reach * 1.1}
    return {
        "protocol": name, "unit": unit, "lags": LAGS, "estimate": estimate,
        "lower": [e - h for e, h in zip(estimate, half, strict=True)],
        "upper": [e + h for e, h in zip(estimate, half, strict=True)],
        "null": [null] * len(LAGS), "n": [400] * len(LAGS),
        "horizon": None if name in ("gradient", "timescale") else horizon, "seed": seed, "settings": settings,
    }  # fmt: skip


def write_probe(
    folder: RunFolder, *records: dict[str, Any], checkpoint: str = "best", step: int = 1500
) -> None:
    """Store retention records with a checkpoint."""
    folder.write_probe(
        Path(f"{checkpoint}.ckpt"), "retention.json", {"schema": 1, "step": step, "records": list(records)}
    )


def findings(**fields: Any) -> list[dict[str, Any]]:
    """Return findings as plain values: of a curve, of two, and of a gate."""
    found = [
        Finding("gradient_vanishes", "the gradient vanishes: from lag 1 to lag 128 it changes by a factor of 2e-06, "
                "0.902 for each step", {"log10_change": -5.69, "slope": -0.0448}, {"log10_change": -3.0}, "gradient",
                "a gated architecture (lstm, gru) or attention"),
        Finding("present_unused", "present but not used: inputs can be read off the features up to lag 48 [32, 64], and"
                " predictions depend on them up to lag 8 [4, 12] only", {"decoding_lower": 32, "influence_upper": 12},
                {"decoding_lower": 12}, "decoding beside influence", "a longer training in which these lags decide"),
        Finding("gate_open", "83% of the forget_gate units of block 1 stand open at nearly every step (> 0.95): they no"
                " longer decide anything", {"share": 0.83, "units": 64}, {"share": 0.5}, "forget_gate, block 1",
                "a lower --model.arch_config.forget_bias"),
    ]  # fmt: skip
    return [{**one.to_dict(), **fields} for one in found]


def write_findings(folder: RunFolder, *found: dict[str, Any], checkpoint: str = "best") -> None:
    """Store what stands out in a checkpoint."""
    folder.write_probe(
        Path(f"{checkpoint}.ckpt"), "diagnosis.json", {"schema": 1, "step": 1500, "findings": list(found)}
    )


def log_horizons(folder: RunFolder, reach: float, longest: int = 128, steps: int = 8) -> None:
    """Log horizons against the step of training as a recorder does, of a memory that grows to `reach`."""
    for place in range(1, steps + 1):
        row = {"retention/seconds": 1.5 * place, "retention/share": 0.021}
        for protocol, share in (("gradient", 1.0), ("influence", 0.6)):
            horizon = min(longest, int(share * reach * place / steps))
            name = f"retention/{protocol}_horizon"
            row |= {name: horizon, f"{name}_lower": horizon // 2, f"{name}_upper": min(longest, 2 * horizon)}
            row[f"{name}_censored"] = float(horizon == longest)
        folder.log(1500 * place // steps, 0, row)
        folder.update(metrics=row)

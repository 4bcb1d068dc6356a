"""Comparisons as `seqtoolkit compare` leaves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqtoolkit.compare.advice import advise
from seqtoolkit.files import write_json
from tests.dashboard.run_folders import CREATED


def comparison(**fields: Any) -> dict[str, Any]:
    """Return what `seqtoolkit compare` leaves: three architectures, of which one seed failed, with its advice."""
    budget = {"seconds": None, "steps": 2000, "epochs": None}
    settings = {
        "budget": budget, "rates": [0.001, 0.003], "rate_share": 0.25, "monitor": "val/loss", "mode": "min",
        "seeds": [0, 1, 2], "reference": "lstm", "parameters": 100_000, "encoder": False, "threads": 1, "jobs": 2,
        "state_steps": 128, "lags": [1, 2, 4, 8, 16, 32], "sequences": 1000, "load": 1.2,
    }  # fmt: skip
    architectures = [
        _compared("rnn", 0.71, 7, 0.08, 512), _compared("lstm", 0.965, 42, 0.21, 1024, best=True),
        _compared("attention", 0.961, 128, 0.9, 65_536, failed=True),
    ]  # fmt: skip
    need = {
        "arch": "lstm",
        "estimate": 16,
        "lower": 8,
        "upper": 32,
        "censored": False,
        "upper_censored": False,
    }
    found = {
        "status": "finished", "config": "configs/<b>mine.yaml", "task": "recall", "settings": settings,
        "measure": {"name": "recall_accuracy", "mode": "max", "unit": "accuracy", "split": "test"},
        "architectures": architectures, "memory_need": need,
    }  # fmt: skip
    return {"schema": 1, "updated": CREATED, **found, "recommendation": advise(found), **fields}


def _compared(
    arch: str,
    reached: float,
    horizon: int,
    latency: float,
    state: int,
    best: bool = False,
    failed: bool = False,
) -> dict[str, Any]:
    names = ("lower", "upper", "censored", "upper_censored")
    bounds = dict(
        zip(names, (horizon // 2, min(128, 2 * horizon), horizon == 128, horizon > 60), strict=True)
    )
    lags = [1, 2, 4, 8, 16, 32]
    loss = [2.2 - 1.6 * reached * min(1, lag / 16) for lag in lags]
    seeds = [
        {
            "seed": seed, "run": f"{arch}-lr0.003-seed{seed}", "status": "finished", "error": "", "steps": 2000,
            "quality": {"estimate": reached + 0.01 * (seed - 1), "lower": reached - 0.03, "upper": 1.0, "n": 400},
            "seconds": 60.0 + 9 * seed, "at_end": False,
        }
        for seed in range(3)
    ]  # fmt: skip
    if failed:
        seeds[2] |= {
            "status": "failed",
            "error": "the training loss is nan at step 412",
            "quality": None,
            "seconds": None,
        }
    return {
        "arch": arch, "d_model": 96, "parameters": 100_431, "rate": 0.003, "rate_at_edge": True, "seeds": seeds,
        "rates": [{"rate": 0.003, "value": 0.4, "run": "", "status": "finished", "error": ""}],
        "quality": {"estimate": reached, "lower": reached - 0.02, "upper": reached + 0.02, "seeds": 3 - failed,
                    "examples_lower": reached - 0.03, "examples_upper": reached + 0.03, "examples": 400},
        "baseline": None, "seconds": 69.0, "state_bytes": state,
        "latency": {"estimate": latency, "lower": 0.9 * latency, "upper": 1.2 * latency, "n": 200},
        "horizon": {"protocol": "recall", "solved": "3/3", "estimate": horizon, **bounds},
        "memory": {"lags": lags, "estimate": loss, "lower": [x - 0.03 for x in loss], "upper": [x + 0.03 for x in loss],
                   "null": [2.2] * 6, "unit": "nats", "full_loss": loss[-1], "seed": 0, "within_interval": 16,
                   "context": {"estimate": 16, "lower": 8, "upper": 32, "censored": False, "upper_censored": False}},
        "skipped": {"cost": "its process was killed"} if failed else {},
        "difference": None if best else {"than": "lstm", "estimate": reached - 0.965, "lower": reached - 1.0,
                                         "upper": reached - 0.93, "pairs": 3, "tied": reached > 0.93},
    }  # fmt: skip


def write_comparison(root: Path, name: str, found: dict[str, Any] | None = None) -> None:
    """Store a comparison in a folder of its own."""
    (root / name).mkdir(parents=True, exist_ok=True)
    write_json(root / name / "compare.json", found or comparison())

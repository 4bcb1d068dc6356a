"""Rolls drawn at random, and as files have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Roll = NDArray[np.float32]


def drawn(seed: int = 0, n: int = 12, notes: int = 3) -> list[Roll]:
    random = np.random.default_rng(seed)
    return [(random.random((random.integers(2, 9), notes)) < 0.4).astype(np.float32) for _ in range(n)]


def save_npz(path: Path, rolls: list[Roll], split: str = "") -> dict[str, Any]:
    steps = max(map(len, rolls))
    x = np.zeros((len(rolls), steps, rolls[0].shape[1]), dtype=np.uint8)
    for row, roll in enumerate(rolls):
        x[row, : len(roll)] = roll
    return {f"x{split}": x, f"lengths{split}": np.array(list(map(len, rolls)))}

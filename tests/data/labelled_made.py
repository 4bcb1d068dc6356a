"""Small labelled series, made and drawn, for the tests of what reads them."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqtoolkit.data.labelled.sequences import Sequences

NAN = float("nan")
QUIET = ["--trainer.enable_progress_bar", "false"]


def series(values: list[list[list[float]]], labels: Any = None, names: str = "ab") -> Sequences:
    lengths = np.array([len(one) for one in values])
    flat = np.concatenate([np.array(one, dtype=np.float32) for one in values])
    return Sequences("x.ts", lengths, flat, tuple(names), labels)


def drawn(n: int = 24, seed: int = 0) -> Sequences:
    """Series of two channels in which the sign of the first value is the class."""
    random = np.random.default_rng(seed)
    values = [random.normal(size=(random.integers(1, 5), 2)).tolist() for _ in range(n)]
    return series(values, tuple("up" if one[0][0] > 0 else "down" for one in values))

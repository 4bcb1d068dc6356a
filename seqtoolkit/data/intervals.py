"""A measure with its interval, as fields of `Quality`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqtoolkit.retention.bootstrap import percentile_interval


def interval(values: NDArray[np.float64], middle: str = "estimate", prefix: str = "") -> dict[str, Any]:
    """Name the first value, that of the data, and the percentile interval of the others, those of its resamples."""
    estimate = float(values[0])
    low, high = percentile_interval(estimate, values[1:])
    return {middle: estimate, f"{prefix}lower": low, f"{prefix}upper": high}


def skill_interval(values: NDArray[np.float64]) -> dict[str, Any]:
    """Name a skill against the baseline in the same way."""
    return interval(values, "skill", "skill_")

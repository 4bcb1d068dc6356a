"""How a number that a model answers is written: with the digits that its single precision can tell."""

from __future__ import annotations

import math

DIGITS = 7


def written_number(value: float, scale: float) -> float:
    """Round to seven digits; of a number that is large beside the scale of its column, to seven of the scale's."""
    if not value or not math.isfinite(value):
        return value
    more = max(0, math.floor(math.log10(abs(value)) - math.log10(scale)))  # their ratio might be no number
    return float(f"{value:.{DIGITS + more}g}")

"""Numbers in words. Imports no torch."""

from __future__ import annotations

from typing import Any


def figure(value: float | None, sign: str = "") -> str:
    """Write a number in four digits, whole ones as they are; a dash for none."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:{sign},}"
    return f"{value:{sign}.4g}"


def interval(value: dict[str, Any], sign: str = "") -> str:
    """Write {"estimate", "lower", "upper"}, such as "0.81 [0.79, 0.83]"; without bounds, the estimate alone."""
    estimate = figure(value["estimate"], sign)
    if value.get("lower") is None or value.get("upper") is None:
        return estimate
    more = "+" if value.get("upper_censored") else ""
    return f"{estimate} [{figure(value['lower'], sign)}, {figure(value['upper'], sign)}{more}]"


def many(count: int, noun: str) -> str:
    """Write "1 seed" or "3 seeds"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"

"""Matched parameters: the width at which an architecture has as many weights as another model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from seqtoolkit.described import describe
from seqtoolkit.model import count_parameters

APART = 64  # widths in a row of which at least one must be possible (heads divide a width)
LARGEST = 1 << 16


def varied(model: dict[str, Any], arch: str) -> dict[str, Any]:
    """Return a choice of model with another architecture: where there is an encoder, on both sides.

    Options of an architecture go with it only where it was the one they were given for.
    """
    changed = {**model, "arch": arch}
    if arch != model["arch"]:
        changed["arch_config"] = {}
    if model["encoder"] is not None:
        config = model["encoder_config"] if arch == model["encoder"] else {}
        changed |= {"encoder": arch, "encoder_config": config, "encoder_width": None}
    return changed


def counted(model: dict[str, Any], spec: dict[str, Any]) -> int:
    """Count the weights that a choice of model would have for a task.

    Raises ValueError for a choice that is impossible.
    """
    with torch.device("meta"):
        return count_parameters(describe(model, spec).build())


def matched(model: dict[str, Any], spec: dict[str, Any], target: int) -> tuple[int, int]:
    """Return the width d_model at which a choice of model has nearest to `target` weights, and how many these are.

    Raises ValueError when no width is possible, with the reason of the one that was given.
    """
    counted(model | {"d_model": _possible(model, spec)}, spec)

    def count(width: int) -> int | None:
        try:
            return counted(model | {"d_model": width}, spec)
        except ValueError:
            return None

    return nearest(count, target)


def nearest(count: Callable[[int], int | None], target: int) -> tuple[int, int]:
    """Return the width whose count, rising with the width, is nearest to the target; null is no possible width.

    Of two equally near ones, the smaller.
    """

    @cache
    def at(width: int) -> tuple[int, int]:
        for candidate in range(width, width + APART):
            if (found := count(candidate)) is not None:
                return candidate, found
        raise ValueError(f"no width from {width} to {width + APART - 1} is possible")

    high = 1
    while at(high)[1] < target and high < LARGEST:
        high *= 2
    low = high // 2
    while high - low > 1:  # at(low) has fewer than the target, or low is 0
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle)[1] < target else (low, middle)
    return min([at(width) for width in (low, high) if width], key=lambda one: (abs(one[1] - target), one[0]))


def _possible(model: dict[str, Any], spec: dict[str, Any]) -> int:
    """Return a possible width near the given one, or that one, whose reason for being impossible is then raised."""
    for width in range(model["d_model"], model["d_model"] + APART):
        try:
            counted(model | {"d_model": width}, spec)
        except ValueError:
            continue
        return width
    return int(model["d_model"])

"""Lags that share a run: a causal model that was changed once can be read at several steps after the change."""

from __future__ import annotations

from collections.abc import Sequence

SPAN = 8  # steps that follow each other and are read; so many successive lags cost one run


def shared(lags: Sequence[int], span: int = SPAN) -> list[list[int]]:
    """Divide ascending lags into groups of which the largest is less than `span` more than the smallest.

    What is changed lies as far back as the largest lag of a group. A smaller one is read as many steps before the last
    as it is smaller (`backs`), and is as far from the change as it says.
    """
    groups: list[list[int]] = []
    for lag in lags:
        if groups and lag - groups[-1][0] < span:
            groups[-1].append(lag)
        else:
            groups.append([lag])
    return groups


def backs(group: Sequence[int]) -> list[int]:
    """Return how many steps before the last one each lag of a group is read."""
    return [group[-1] - lag for lag in group]

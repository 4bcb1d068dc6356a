"""What a data module offers whose raw rows are answered one by one, as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor


@dataclass(frozen=True, eq=False)
class RowRead:
    """What a model reads because of one row."""

    sequence: str  # whose state is carried
    inputs: Tensor  # (1, T, F): the row, after earlier ones where the state begins anew
    anew: bool  # whether it does


class RowStream(Protocol):
    """Rows of raw cells to what a model reads, and its scores to what is written."""

    def read(self, number: int, cells: Sequence[str]) -> RowRead:
        """Prepare row `number`, counted from 1; raises ValueError with the row for what cannot be read."""

    def answers(self, scores: Tensor) -> list[dict[str, Any]]:
        """Return the rows that are written for the last row that was read, from the scores (1, V) after it."""

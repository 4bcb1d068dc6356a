"""The one form in which every task hands its data to every model."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class Batch:
    """B sequences, padded on the right to T steps.

    Next-step prediction, tagging, classification, regression, forecasting, recall and translation differ only in
    their targets and their mask.
    """

    inputs: Tensor  # (B, T) token ids, or (B, T, F) features
    lengths: Tensor  # (B,) real steps of each row
    targets: Tensor  # (B, T) class ids, or (B, T, K) values or labels, NaN where not known; read where `mask` is set
    mask: Tensor  # (B, T) bool: the supervised positions
    lag: Tensor | None = (
        None  # (B, T) steps back to the input that decides the target, where the task knows it
    )
    index: Tensor | None = None  # (B,) which example of the data set each row is
    carried: bool | None = (
        None  # whether each row goes on where it ended in the last batch; None: no row does
    )

    def __len__(self) -> int:
        return len(self.lengths)
